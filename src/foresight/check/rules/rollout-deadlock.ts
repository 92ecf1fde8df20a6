/** Rolling updates that would never end: each is tried in the simulation. */
import {API_VERSION} from '../../../api/names.ts';
import type {ClusterCache} from '../../../cluster/cluster-cache.ts';
import {currentReplicaSet} from '../../../cluster/replicas.ts';
import {newcomerOf, refusedEverywhere} from '../../../planning/newcomer.ts';
import {replacementOf} from '../../../planning/replacement.ts';
import {DEPLOYMENTS, type DeploymentObject, isPodActive, type PodObject} from '../../../simulator/objects.ts';
import type {SimulatedCluster} from '../../../simulator/simulated-cluster.ts';
import {simulationOf} from '../../simulation.ts';
import type {CheckContext, CheckRule} from '../context.ts';
import {describeObject, type Finding, referenceOf} from '../finding.ts';
import {advanceToRest, isRolledOut} from '../rest.ts';
import {stuckRolloutOf} from '../stuck-rollout.ts';
import {keyOfWorkload, type StageView, type WorkloadView, whyPending} from '../view.ts';

const ROLLOUT_MILLISECONDS = 15 * 60_000;
const STEP_MILLISECONDS = 1_000;
const IS_RULE = /anti-affinity|topology spread/;
const MARK = `check.${API_VERSION.split('/')[0] ?? ''}/rollout`;

export const rolloutDeadlock: CheckRule = {
  id: 'rollout-deadlock',
  summary: 'The next rolling update would never end',

  find(context) {
    return [...begun(context), ...next(context)];
  },
};

/** Of Deployments that are on the cluster already: the manifests begin a rolling update, and it was simulated. */
function begun({view}: CheckContext): Finding[] {
  return view.workloads.flatMap((workload) => {
    const rollout = workload.manifest === undefined ? undefined : stuckRolloutOf(workload, view);
    return rollout?.waitsForOld === true
      ? [
          findingOf(workload, rollout.waiting, view, {
            title: `The rolling update of ${describeObject(workload)} that this manifest begins would never end`,
          }),
        ]
      : [];
  });
}

function next({view, tell, isBudgetSpent}: CheckContext): Finding[] {
  const candidates = view.workloads.filter(
    (workload) =>
      workload.manifest !== undefined &&
      workload.pending.length === 0 &&
      workload.replicas > 0 &&
      mayHang(workload, view.caches.cache),
  );
  if (candidates.length === 0) {
    return [];
  }
  const cluster = simulationOf(view.picture, {
    parameters: {panicAfterSeconds: 0, starvedShare: 0},
  });
  return candidates.flatMap((workload) => {
    const {strategy, paused} = (workload.object as unknown as DeploymentObject).spec;
    if (strategy?.type === 'Recreate' || paused === true || isBudgetSpent()) {
      return [];
    }
    tell(`simulating the rollout of ${describeObject(workload)}`);
    const stuck = rollOut(cluster, workload);
    return stuck === undefined
      ? []
      : [
          findingOf(workload, stuck, view, {
            title: `The next rolling update of ${describeObject(workload)} would never end`,
          }),
        ];
  });
}

/**
 * Only a rollout that takes no replica down before another one is up can wait for ever, and only where no node takes one
 * more: as soon as a replica may go first, its place is free.
 */
function mayHang({kind, namespace, name}: WorkloadView, cache: ClusterCache): boolean {
  const workload = kind === 'Deployment' ? cache.workload(`${namespace}/${name}`) : undefined;
  if (workload === undefined || workload.maxUnavailable > 0) {
    return false;
  }
  const replicas = cache.replicasOf(workload);
  const replacement = replacementOf(workload, currentReplicaSet(replicas), replicas.pods);
  return refusedEverywhere(newcomerOf(replacement, workload.template.spec), cache.state) !== undefined;
}

/** The pod that waits; undefined when the rollout ends. Leaves the cluster as it was. */
function rollOut(cluster: SimulatedCluster, workload: WorkloadView): PodObject | undefined {
  annotate(cluster, workload, 'again');
  const end = cluster.now + ROLLOUT_MILLISECONDS;
  while (cluster.now < end) {
    cluster.advance(STEP_MILLISECONDS);
    const deployment = cluster.api.get(DEPLOYMENTS, workload.namespace, workload.name);
    if (deployment === undefined || isRolledOut(deployment as DeploymentObject)) {
      return undefined;
    }
  }
  const waiting = cluster
    .pods(workload.namespace)
    .find(
      (pod) =>
        isPodActive(pod) && pod.spec.nodeName === undefined && pod.metadata.annotations?.[MARK] === 'again',
    );
  annotate(cluster, workload, undefined);
  advanceToRest(cluster, 60_000);
  return waiting;
}

function annotate(
  cluster: SimulatedCluster,
  {namespace, name}: WorkloadView,
  mark: string | undefined,
): void {
  cluster.api.update(
    DEPLOYMENTS,
    namespace,
    name,
    (old) => {
      const {spec} = old as DeploymentObject;
      const {[MARK]: _, ...annotations} = spec.template.metadata?.annotations ?? {};
      const metadata = {
        ...spec.template.metadata,
        annotations: mark === undefined ? annotations : {...annotations, [MARK]: mark},
      };
      return {...old, spec: {...spec, template: {...spec.template, metadata}}};
    },
    {actor: 'kubectl'},
  );
}

function findingOf(
  workload: WorkloadView,
  stuck: PodObject,
  {caches}: StageView,
  {title}: Pick<Finding, 'title'>,
): Finding {
  const {spec} = workload.object as unknown as DeploymentObject;
  const {maxSurge, maxUnavailable} = spec.strategy?.rollingUpdate ?? {};
  const mayGo = caches.cache.workload(keyOfWorkload(workload))?.maxUnavailable ?? 0;
  const replicas = `${workload.replicas} ${workload.replicas === 1 ? 'replica' : 'replicas'}`;
  const {template, manifest} = workload as WorkloadView & {manifest: NonNullable<WorkloadView['manifest']>};
  const own = template.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const isOfRule = IS_RULE.test(whyPending(stuck));
  return {
    rule: 'rollout-deadlock',
    level: isOfRule ? 'error' : 'warning',
    object: referenceOf(workload),
    position: manifest.locate(
      isOfRule
        ? ['spec', 'template', 'spec', own === undefined ? 'topologySpreadConstraints' : 'affinity']
        : ['spec', 'strategy'],
    ),
    title,
    why: [
      mayGo === 0
        ? `With maxUnavailable ${String(maxUnavailable)}, which is 0 of ${replicas}, and maxSurge ${String(maxSurge)}, the first new replica must be up before an old one goes, and it finds no node.`
        : `With maxUnavailable ${String(maxUnavailable)}, which is ${mayGo} of ${replicas}, the old ones that may go leave no room for a new one, and the others wait for it.`,
      `The scheduler says: ${whyPending(stuck)}`,
    ],
    cure: cureOf(whyPending(stuck), mayGo),
  };
}

function cureOf(reason: string, mayGo: number): Finding['cure'] {
  const oneFirst = 'spec:\n  strategy:\n    rollingUpdate:\n      maxUnavailable: 1\n';
  // Their template cannot be changed any more: matchLabelKeys help from the next rolling update on.
  if (reason.includes('existing pods anti-affinity')) {
    return {
      text: 'The replicas that run keep it away by the rule of their own template. Let one go first, for this rolling update at least:',
      yaml: oneFirst,
    };
  }
  if (IS_RULE.test(reason)) {
    return {
      text: 'Let replicas of one revision keep apart from each other only (Kubernetes 1.31 and later), or let one go first with maxUnavailable 1:',
      yaml: `matchLabelKeys: [pod-template-hash]\n`,
    };
  }
  return mayGo === 0
    ? {text: 'Keep room for one more replica, or let one go first:', yaml: oneFirst}
    : {text: 'Keep room for one more replica, or let more of them go first.'};
}
