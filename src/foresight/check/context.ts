/** What a rule may ask. */

import {toPod} from '../../cluster/pod.ts';
import {currentReplicaSet} from '../../cluster/replicas.ts';
import {type Eligibility, eligibilityOf} from '../../planning/eligibility.ts';
import {replacementOf} from '../../planning/replacement.ts';
import type {CpuBasis} from '../cpu-demand.ts';
import type {Outcome} from '../outcome.ts';
import type {Finding, Rule} from './finding.ts';
import type {GovernedWorkload} from './inject.ts';
import type {ManifestObject} from './manifest-object.ts';
import type {StageRequest} from './stage.ts';
import type {StageView, WorkloadView} from './view.ts';

export interface CheckContext {
  readonly request: StageRequest;
  /** Whether the cluster is only assumed: its nodes have none of the labels that people give theirs. */
  readonly isAssumed: boolean;
  readonly view: StageView;
  readonly governed: readonly GovernedWorkload[];
  /** Every manifest, in its served version, those that play no part included. */
  readonly manifests: readonly ManifestObject[];
  /** What the CPU demand is taken from: from requests alone, nothing is foreseen. */
  readonly cpuBasis: () => CpuBasis;
  /** What the CPU demand leads to without any loss; worked out when it is first asked for. */
  readonly calm: () => Outcome;
  readonly tell: (doing: string) => void;
  /** True once no more simulations are to be begun. */
  readonly isBudgetSpent: () => boolean;
}

export interface CheckRule extends Rule {
  readonly find: (context: CheckContext) => Finding[];
}

export const HOSTNAME = 'kubernetes.io/hostname';
export const ZONE = 'topology.kubernetes.io/zone';

/** The nodes that may take a replica at all, whatever labels they have for topologies. */
export function eligibilityOfWorkload({view}: CheckContext, workload: WorkloadView): Eligibility {
  const {cache} = view.caches;
  const deployment =
    workload.kind === 'Deployment' ? cache.workload(`${workload.namespace}/${workload.name}`) : undefined;
  const [pod] = workload.pods;
  if (deployment !== undefined) {
    const replicas = cache.replicasOf(deployment);
    return eligibilityOf(
      replacementOf(deployment, currentReplicaSet(replicas), replicas.pods),
      [],
      cache.state,
    );
  }
  return pod === undefined
    ? {eligible: new Map(), ineligible: [], active: [], domains: new Map()}
    : eligibilityOf(toPod(pod as never), [], cache.state);
}

/** Whether the manifests hold custom resources, whose operators may make pods that nobody sees here. */
export function hasCustomResources({manifests}: CheckContext, namespace: string): boolean {
  return manifests.some(
    (manifest) =>
      (manifest.namespace ?? namespace) === namespace &&
      /\.[a-z]+\//.test(manifest.apiVersion) &&
      !/(^|\.)k8s\.io\//.test(manifest.apiVersion) &&
      !manifest.apiVersion.startsWith('spread-operator.io/'),
  );
}
