/**
 * By labels, the workloads of a namespace that a pod or a selector may concern: with thousands of workloads in one
 * namespace, nobody goes through all of them for each pod that comes or goes.
 */
import type {LabelSelector, Labels} from './label-selector.ts';
import type {PodAffinityTerm} from './pod-spec.ts';
import type {Workload} from './workload.ts';

/** Set by the controller of a rollout: pods carry it, their template does not. */
const POD_TEMPLATE_HASH = 'pod-template-hash';
/** For a selector that asks for no label by its value. */
const ANY = '';

type Declared = Pick<Workload, 'name' | 'template'>;

export class WorkloadLabels {
  /** Names of workloads, by a label of their pod template, as `app=web`. */
  readonly #carrying = new NamesByLabel();
  /** By a label that a term of their template's required anti-affinity asks for. */
  readonly #avoiding = new NamesByLabel();

  add(workload: Declared): void {
    for (const label of labelsOf(workload.template.labels)) {
      this.#carrying.add(label, workload.name);
    }
    for (const label of avoidedBy(workload)) {
      this.#avoiding.add(label, workload.name);
    }
  }

  delete(workload: Declared): void {
    for (const label of labelsOf(workload.template.labels)) {
      this.#carrying.delete(label, workload.name);
    }
    for (const label of avoidedBy(workload)) {
      this.#avoiding.delete(label, workload.name);
    }
  }

  /** Whose template the selector may match; undefined where it may be anyone's. */
  meantBy(selector: LabelSelector): Iterable<string> | undefined {
    const label = labelAskedFor(selector);
    return label === ANY ? undefined : this.#carrying.of(label);
  }

  /** With a term that may mean pods of these labels. */
  *avoidingPodsWith(labels: Labels): Iterable<string> {
    yield* this.#avoiding.of(ANY);
    for (const label of labelsOf(labels)) {
      yield* this.#avoiding.of(label);
    }
  }
}

/** Most labels are of one workload alone: it takes no set of its own. */
class NamesByLabel {
  readonly #names = new Map<string, string | Set<string>>();

  add(label: string, name: string): void {
    const names = this.#names.get(label);
    if (names instanceof Set) {
      names.add(name);
    } else {
      this.#names.set(label, names === undefined || names === name ? name : new Set([names, name]));
    }
  }

  delete(label: string, name: string): void {
    const names = this.#names.get(label);
    if (names instanceof Set) {
      names.delete(name);
    }
    if (names === name || (names instanceof Set && names.size === 0)) {
      this.#names.delete(label);
    }
  }

  of(label: string): Iterable<string> {
    const names = this.#names.get(label);
    return names === undefined ? [] : typeof names === 'string' ? [names] : names;
  }
}

function labelsOf(labels: Labels): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}

function avoidedBy({template}: Declared): Set<string> {
  const {required} = template.spec.podAntiAffinity;
  return new Set(required.map(({labelSelector}: PodAffinityTerm) => labelAskedFor(labelSelector ?? {})));
}

/** A label, as `app=web`, without which nothing is meant. */
function labelAskedFor({matchLabels = {}}: LabelSelector): string {
  for (const [key, value] of Object.entries(matchLabels)) {
    if (key !== POD_TEMPLATE_HASH) {
      return `${key}=${value}`;
    }
  }
  return ANY;
}
