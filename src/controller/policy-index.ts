/** Which policy has the say over which workload. Pure. */
import type {SpreadPolicy} from '../api/types.ts';
import {describeProblems, type Problem, validatePolicy} from '../api/validate.ts';
import {matchesSelector} from '../cluster/label-selector.ts';
import {compareText} from '../cluster/snapshot.ts';
import type {Workload} from '../cluster/workload.ts';

/** A SpreadPolicy as it is cached: with the metadata that every cached object has, and its problems worked out. */
export interface StoredPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly createdAt: number;
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  readonly object: SpreadPolicy;
  /** Why the operator does not act on it. */
  readonly problems: readonly Problem[];
}

export function toStoredPolicy(object: SpreadPolicy): StoredPolicy {
  const {metadata} = object;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation ?? 0,
    createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0,
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
    object,
    problems: validatePolicy(object),
  };
}

export function policyKey({namespace, name}: {readonly namespace: string; readonly name: string}): string {
  return `${namespace}/${name}`;
}

export class PolicyIndex {
  /** By namespace, in the order of precedence. */
  readonly #policies = new Map<string, StoredPolicy[]>();

  set(policy: StoredPolicy): void {
    const others = (this.#policies.get(policy.namespace) ?? []).filter(({name}) => name !== policy.name);
    this.#policies.set(policy.namespace, [...others, policy].sort(byPrecedence));
  }

  delete({namespace, name}: StoredPolicy): void {
    const others = (this.#policies.get(namespace) ?? []).filter((policy) => policy.name !== name);
    if (others.length > 0) {
      this.#policies.set(namespace, others);
    } else {
      this.#policies.delete(namespace);
    }
  }

  get(namespace: string, name: string): StoredPolicy | undefined {
    return this.#policies.get(namespace)?.find((policy) => policy.name === name);
  }

  all(): StoredPolicy[] {
    return [...this.#policies.values()].flat();
  }

  of(namespace: string): readonly StoredPolicy[] {
    return this.#policies.get(namespace) ?? [];
  }

  /** The oldest policy that selects the workload; one that is being deleted has no say. */
  governing(workload: Workload): StoredPolicy | undefined {
    return this.of(workload.namespace).find((policy) => !policy.deleting && selects(policy, workload));
  }
}

export function selects({object}: StoredPolicy, workload: Workload): boolean {
  return matchesSelector(object.spec.selector, workload.labels);
}

export function describePolicyProblems(policy: StoredPolicy): string {
  return describeProblems(policy.problems);
}

function byPrecedence(a: StoredPolicy, b: StoredPolicy): number {
  return a.createdAt - b.createdAt || compareText(a.name, b.name);
}
