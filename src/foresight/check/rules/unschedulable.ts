/** Replicas that no node takes: hard rules that cannot be met, requests larger than any node. */
import {toPod} from '../../../cluster/pod.ts';
import {groupRefusals, type RefusalGroup} from '../../../scheduling/explain-refusals.ts';
import type {PluginName} from '../../../scheduling/framework.ts';
import {filterNodes} from '../../../scheduling/scheduler.ts';
import type {PodObject} from '../../../simulator/objects.ts';
import {type CheckContext, type CheckRule, eligibilityOfWorkload} from '../context.ts';
import {describeObject, type Finding, type Level, referenceOf} from '../finding.ts';
import type {FieldPath} from '../manifest-object.ts';
import {podSpecPath, podTemplateOf} from '../pod-templates.ts';
import {stuckRolloutOf} from '../stuck-rollout.ts';
import {type WorkloadView, whyPending} from '../view.ts';

interface Verdict {
  readonly level: Level;
  readonly field: FieldPath;
  readonly why: string;
  readonly cure: Finding['cure'];
}

export const unschedulable: CheckRule = {
  id: 'unschedulable',
  summary: 'No node of the cluster takes some of the replicas',

  find(context) {
    return context.view.workloads.flatMap((workload) => {
      const unknownNode = nodeNameOf(context, workload);
      if (unknownNode !== undefined) {
        return unknownNode;
      }
      const {manifest, pending, kind} = workload;
      const [pod] = pending;
      if (manifest === undefined || pod === undefined) {
        return [];
      }
      const rollout = stuckRolloutOf(workload, context.view);
      // What waits for nothing but old replicas is the finding of another rule.
      if (rollout?.waitsForOld === true) {
        return [];
      }
      const verdict = judge(context, workload, pod);
      return [
        {
          rule: 'unschedulable',
          level: verdict.level,
          object: referenceOf(workload),
          position: manifest.locate(podSpecPath(kind, ...verdict.field)),
          title: `No node takes ${rollout === undefined ? refusedReplicas(workload) : 'a replica of the new template'} of ${describeObject(workload)}`,
          why: [`The scheduler says: ${whyPending(pod)}`, verdict.why],
          cure: verdict.cure,
        },
      ];
    });
  },
};

function refusedReplicas({pending, replicas}: WorkloadView): string {
  return pending.length >= replicas ? 'any replica' : `${pending.length} of the ${replicas} replicas`;
}

/** A template that names its node: the scheduler is not asked, and pods of a node that there is not are collected. */
function nodeNameOf({view, isAssumed}: CheckContext, workload: WorkloadView): Finding[] | undefined {
  const {manifest, kind} = workload;
  const node = manifest === undefined ? undefined : podTemplateOf(manifest.content)?.spec?.nodeName;
  if (
    manifest === undefined ||
    typeof node !== 'string' ||
    view.caches.cache.state.nodeInfo(node) !== undefined
  ) {
    return undefined;
  }
  return [
    {
      rule: 'unschedulable',
      level: isAssumed ? 'note' : 'error',
      object: referenceOf(workload),
      position: manifest.locate(podSpecPath(kind, 'nodeName')),
      title: `${describeObject(workload)} asks for node ${node}, which there is not`,
      why: [
        'spec.nodeName goes round the scheduler: its pods never run, and are collected as those of a lost node.',
      ],
      cure: {text: 'Leave nodeName out, or choose nodes by their labels with a nodeSelector.'},
    },
  ];
}

/** The rules that a person wrote come before the room that there is. */
const IN_ORDER: readonly PluginName[] = [
  'InterPodAffinity',
  'PodTopologySpread',
  'NodePorts',
  'NodeResourcesFit',
];

type Judge = (question: Question) => Verdict;

interface Question {
  readonly context: CheckContext;
  readonly workload: WorkloadView;
  readonly group: RefusalGroup;
  /** Nodes that may take a replica at all. */
  readonly eligible: number;
}

const JUDGES: Partial<Record<PluginName, Judge>> = {
  InterPodAffinity: interPodAffinity,
  PodTopologySpread: topologySpread,
  NodePorts: hostPorts,
  NodeResourcesFit: resources,
  NodeAffinity: nodeRules,
  TaintToleration: nodeRules,
};

function judge(context: CheckContext, workload: WorkloadView, pod: PodObject): Verdict {
  const {refusals} = filterNodes(toPod(pod as never), context.view.caches.cache.state);
  const groups = groupRefusals(refusals);
  const group = IN_ORDER.flatMap((name) => groups.find(({plugin}) => plugin === name) ?? [])[0] ?? groups[0];
  const byPlugin = group === undefined ? undefined : JUDGES[group.plugin];
  if (group === undefined || byPlugin === undefined) {
    return {
      level: context.isAssumed ? 'note' : 'warning',
      field: [],
      why: 'It stays Pending until that changes.',
      cure: {text: 'Do what the scheduler asks for.'},
    };
  }
  return byPlugin({
    context,
    workload,
    group,
    eligible: eligibilityOfWorkload(context, workload).eligible.size,
  });
}

function topologySpread({context, group, eligible}: Question): Verdict {
  const isLabelMissing = group.reason.includes('missing required label');
  return {
    level: context.isAssumed && isLabelMissing ? 'note' : 'error',
    field: ['topologySpreadConstraints'],
    why: isLabelMissing
      ? 'A constraint with whenUnsatisfiable: DoNotSchedule wants nodes with the label that is its topologyKey, and no eligible node has it.'
      : `None of the ${eligible} eligible nodes takes one without breaking the maxSkew of a constraint with whenUnsatisfiable: DoNotSchedule.`,
    cure: {
      text: 'Make the constraint soft, or give every domain that it counts room for a replica:',
      yaml: 'whenUnsatisfiable: ScheduleAnyway\n',
    },
  };
}

function hostPorts({workload, eligible}: Question): Verdict {
  return {
    level: 'error',
    field: ['containers'],
    why: `A host port is taken once on each node: ${workload.replicas} replicas need as many nodes, ${eligible} are eligible.`,
    cure: {text: 'Leave the hostPort out and let a Service answer, or run a DaemonSet.'},
  };
}

function nodeRules({context: {isAssumed}, workload, group}: Question): Verdict {
  return {
    level: isAssumed ? 'note' : 'error',
    field: group.plugin === 'TaintToleration' ? ['tolerations'] : nodeRuleField(workload),
    why: isAssumed
      ? 'The assumed nodes have only the labels of default nodes and no taints: name the real cluster or a snapshot of it to know.'
      : 'No node has the labels that the nodeSelector or node affinity asks for, without a taint that is not tolerated.',
    cure: {text: 'Correct the nodeSelector, node affinity or tolerations, or label the nodes.'},
  };
}

function interPodAffinity({
  context: {isAssumed},
  workload: {replicas, template},
  group: {reason},
  eligible,
}: Question): Verdict {
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

function resources({context: {isAssumed}, workload: {template}, group: {reason}}: Question): Verdict {
  const resource = /^Insufficient (\S+)$/.exec(reason)?.[1] ?? reason;
  const index = (template.spec?.containers ?? []).findIndex(
    ({resources: each}) => each?.requests?.[resource] !== undefined || each?.limits?.[resource] !== undefined,
  );
  const field: FieldPath = index < 0 ? [] : ['containers', index, 'resources'];
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
