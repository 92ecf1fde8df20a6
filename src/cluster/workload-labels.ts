/**
 * By labels, the workloads of a namespace that a pod or a selector may concern: with thousands of workloads in one
 * namespace, nobody goes through all of them for each pod that comes or goes.
 */
import {ANY_LABELS, LabelIndex, labelAskedFor, labelTexts} from './label-index.ts';
import type {LabelSelector, Labels} from './label-selector.ts';
import type {Workload} from './workload.ts';

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
    yield* this.#avoiding.get(ANY_LABELS);
    for (const label of labelTexts(labels)) {
      yield* this.#avoiding.get(label);
    }
  }
}

function avoidedBy({template}: Declared): Set<string> {
  return new Set(
    template.spec.podAntiAffinity.required.flatMap(({labelSelector}) => labelAskedFor(labelSelector) ?? []),
  );
}
