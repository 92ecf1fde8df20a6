/** Replicas that no node takes: hard rules that cannot be met, requests larger than any node. */
import {toPod} from '../../../cluster/pod.ts';
import {groupRefusals, type RefusalGroup} from '../../../scheduling/explain-refusals.ts';
import type {PluginName} from '../../../scheduling/framework.ts';
import {filterNodes} from '../../../scheduling/scheduler.ts';
import type {PodObject} from '../../../simulator/objects.ts';
import {type CheckContext, type CheckRule, eligibilityOfWorkload} from '../context.ts';
import {describeObject, type Finding, type Level, referenceOf} from '../finding.ts';
import type {FieldPath} from '../manifest-object.ts';
import {podSpecPath} from '../pod-templates.ts';
import {type WorkloadView, whyPending} from '../view.ts';

interface Verdict {
  readonly level: Level;
  readonly field: FieldPath;
  readonly why: string;
  readonly cure: Finding['cure'];
}

export const unschedulable: CheckRule = {
  id: 'unschedulable',
  summary: 'Replicas that no node of the cluster takes',

  find(context) {
    return context.view.workloads.flatMap((workload) => {
      const {manifest, pending, replicas, kind} = workload;
      const [pod] = pending;
      if (manifest === undefined || pod === undefined) {
        return [];
      }
      const verdict = judge(context, workload, pod);
      return [
        {
          rule: 'unschedulable',
          level: verdict.level,
          object: referenceOf(workload),
          position: manifest.locate(podSpecPath(kind, ...verdict.field)),
          title: `No node takes ${pending.length === replicas ? 'any replica' : `${pending.length} of the ${replicas} replicas`} of ${describeObject(workload)}`,
          why: [`The scheduler says: ${whyPending(pod)}`, verdict.why],
          cure: verdict.cure,
        },
      ];
    });
  },
};

/** The rules that a person wrote come before the room that there is. */
const IN_ORDER: readonly PluginName[] = [
  'InterPodAffinity',
  'PodTopologySpread',
  'NodePorts',
  'NodeResourcesFit',
];

function judge(context: CheckContext, workload: WorkloadView, pod: PodObject): Verdict {
  const {view, isAssumed} = context;
  const {refusals} = filterNodes(toPod(pod as never), view.caches.cache.state);
  const groups = groupRefusals(refusals);
  const group = IN_ORDER.flatMap((name) => groups.find(({plugin}) => plugin === name) ?? [])[0] ?? groups[0];
  const eligible = eligibilityOfWorkload(context, workload).eligible.size;
  const aboutNodes: Level = isAssumed ? 'note' : 'error';
  switch (group?.plugin) {
    case 'InterPodAffinity':
      return interPodAffinity(workload, group, eligible, isAssumed);
    case 'PodTopologySpread':
      return {
        level: 'error',
        field: ['topologySpreadConstraints'],
        why: `A constraint with whenUnsatisfiable: DoNotSchedule leaves ${eligible} eligible ${eligible === 1 ? 'node' : 'nodes'}, and none of them without breaking its maxSkew.`,
        cure: {
          text: 'Make the constraint soft, or give every domain that it counts room for a replica:',
          yaml: 'whenUnsatisfiable: ScheduleAnyway\n',
        },
      };
    case 'NodePorts':
      return {
        level: 'error',
        field: ['containers'],
        why: `A host port is taken once on each node: ${workload.replicas} replicas need as many nodes, ${eligible} are eligible.`,
        cure: {text: 'Leave the hostPort out and let a Service answer, or run a DaemonSet.'},
      };
    case 'NodeResourcesFit':
      return resources(context, workload, group);
    case 'NodeAffinity':
    case 'TaintToleration':
      return {
        level: aboutNodes,
        field: group.plugin === 'TaintToleration' ? ['tolerations'] : nodeRuleField(workload),
        why: isAssumed
          ? 'The assumed nodes have only the labels of the default nodes and no taints: name the real cluster or a snapshot of it to know.'
          : 'No node has the labels that the nodeSelector or node affinity asks for, without a taint that is not tolerated.',
        cure: {text: 'Correct the nodeSelector, node affinity or tolerations, or label the nodes.'},
      };
    default:
      return {
        level: isAssumed ? 'note' : 'warning',
        field: [],
        why: 'It stays Pending until that changes.',
        cure: {text: 'See what the scheduler says.'},
      };
  }
}

function interPodAffinity(
  {replicas, template}: WorkloadView,
  {reason}: RefusalGroup,
  eligible: number,
  isAssumed: boolean,
): Verdict {
  if (reason.includes('anti-affinity')) {
    const isOwn =
      template.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined;
    return {
      level: 'error',
      field: isOwn ? ['affinity', 'podAntiAffinity'] : [],
      why: isOwn
        ? `The required anti-affinity allows one replica for each domain: there are ${replicas} replicas and ${eligible} eligible ${eligible === 1 ? 'node' : 'nodes'}.`
        : 'The required anti-affinity of pods that are there already keeps it away.',
      cure: {
        text: 'Prefer it instead of requiring it, or run no more replicas than there are domains:',
        yaml: 'affinity:\n  podAntiAffinity:\n    preferredDuringSchedulingIgnoredDuringExecution: []   # weight and podAffinityTerm\n',
      },
    };
  }
  return {
    level: isAssumed ? 'note' : 'warning',
    field: ['affinity', 'podAffinity'],
    why: 'The pods that its required affinity wants to be near are not there.',
    cure: {text: 'Apply those pods first, or correct the labelSelector of the affinity.'},
  };
}

function resources(
  {view, isAssumed}: CheckContext,
  {template}: WorkloadView,
  {reason}: RefusalGroup,
): Verdict {
  const resource = /^Insufficient (\S+)$/.exec(reason)?.[1] ?? reason;
  const index = (template.spec?.containers ?? []).findIndex(
    ({resources: each}) => each?.requests?.[resource] !== undefined || each?.limits?.[resource] !== undefined,
  );
  const field: FieldPath = index < 0 ? [] : ['containers', index, 'resources'];
  const allocatable = [...view.caches.cache.state.nodeInfos()].map(({node}) => node.allocatable);
  void allocatable;
  const isExtended =
    !['cpu', 'memory', 'ephemeral-storage'].includes(resource) && resource !== 'Too many pods';
  return {
    level: isExtended && isAssumed ? 'note' : 'error',
    field,
    why:
      isExtended && isAssumed
        ? `The assumed nodes have no ${resource}: name the real cluster or a snapshot of it to know.`
        : 'With what runs already, no node has as much left as one replica requests.',
    cure: {text: 'Request less, run fewer replicas, or add nodes.'},
  };
}

function nodeRuleField({template}: WorkloadView): FieldPath {
  return template.spec?.nodeSelector === undefined ? ['affinity', 'nodeAffinity'] : ['nodeSelector'];
}
