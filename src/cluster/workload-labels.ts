/**
 * By labels, the workloads of a namespace that a pod or a selector may concern: with thousands of workloads in one
 * namespace, nobody goes through all of them for each pod that comes or goes.
 */
import {LabelIndex, labelText, labelTexts} from './label-index.ts';
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
  readonly #carrying = new LabelIndex<string>();
  /** By a label that a term of their template's required anti-affinity asks for. */
  readonly #avoiding = new LabelIndex<string>();

  add(workload: Declared): void {
    this.#carrying.addAll(workload.template.labels, workload.name);
    for (const label of avoidedBy(workload)) {
      this.#avoiding.add(label, workload.name);
    }
  }

  delete(workload: Declared): void {
    this.#carrying.deleteAll(workload.template.labels, workload.name);
    for (const label of avoidedBy(workload)) {
      this.#avoiding.delete(label, workload.name);
    }
  }

  /** Whose template the selector may match; undefined where it may be anyone's. */
  meantBy(selector: LabelSelector): Iterable<string> | undefined {
    return this.#carrying.meantBy(selector);
  }

  /** With a term that may mean pods of these labels. */
  *avoidingPodsWith(labels: Labels): Iterable<string> {
    yield* this.#avoiding.get(ANY);
    for (const label of labelTexts(labels)) {
      yield* this.#avoiding.get(label);
    }
  }
}

function avoidedBy({template}: Declared): Set<string> {
  const {required} = template.spec.podAntiAffinity;
  return new Set(required.map(({labelSelector}: PodAffinityTerm) => labelAskedFor(labelSelector ?? {})));
}

/** A label, as `app=web`, without which nothing is meant. */
function labelAskedFor({matchLabels = {}}: LabelSelector): string {
  for (const [key, value] of Object.entries(matchLabels)) {
    if (key !== POD_TEMPLATE_HASH) {
      return labelText(key, value);
    }
  }
  return ANY;
}
