/** PodDisruptionBudgets as kubectl drain would meet them. */
import {budgetsOf, type DisruptionBudget, describeBudget} from '../../../cluster/disruption-budget.ts';
import {matchesSelector} from '../../../cluster/label-selector.ts';
import {BUDGETS} from '../../../simulator/objects.ts';
import type {CheckContext, CheckRule} from '../context.ts';
import {describeObject, type Finding, referenceOf} from '../finding.ts';
import type {ManifestObject} from '../manifest-object.ts';
import {keyOfWorkload, type StageView, type WorkloadView} from '../view.ts';

export const disruptionBudget: CheckRule = {
  id: 'disruption-budget',
  summary: 'A PodDisruptionBudget blocks drains, or does not protect what it seems to',

  find(context) {
    const {view} = context;
    const budgets = [...new Set(view.all.map(({namespace}) => namespace))].flatMap((namespace) => [
      ...view.caches.cache.budgetsOf(namespace),
    ]);
    return [
      ...budgets.flatMap((budget) => {
        const manifest = view.manifestOf(BUDGETS, budget.namespace, budget.name);
        return manifest === undefined ? [] : judgeBudget(budget, manifest, context);
      }),
      ...view.workloads.flatMap((workload) => severalBudgets(workload, budgets, context)),
    ];
  },
};

function judgeBudget(budget: DisruptionBudget, manifest: ManifestObject, {view}: CheckContext): Finding[] {
  const covered = view.all.filter(
    (workload) =>
      workload.namespace === budget.namespace &&
      workload.kind !== 'DaemonSet' &&
      workload.replicas > 0 &&
      matchesSelector(budget.selector, workload.template.metadata?.labels ?? {}),
  );
  const expected = covered.reduce((sum, {replicas}) => sum + replicas, 0);
  const object = referenceOf({kind: 'PodDisruptionBudget', ...budget});
  if (covered.length === 0) {
    return [];
  }
  const names = covered.map(describeObject).join(', ');
  const replicas = `${expected} ${expected === 1 ? 'replica' : 'replicas'}`;
  // The API server takes one of the two.
  const instead = budget.minAvailable === undefined ? '' : ', with maxUnavailable in place of minAvailable';
  const allowed = disruptionsOf(budget, expected);
  const most = covered.reduce((sum, workload) => sum + mostReplicas(workload, view), 0);
  const isScaledFree = most > expected && disruptionsOf(budget, most) > 0;
  const blocks: Finding[] =
    allowed > 0
      ? []
      : [
          {
            rule: 'disruption-budget',
            level: 'warning',
            object,
            position: manifest.locate([
              'spec',
              budget.maxUnavailable === undefined ? 'minAvailable' : 'maxUnavailable',
            ]),
            title: `PodDisruptionBudget ${describeBudget(budget)} ${isScaledFree ? `allows no eviction as long as there ${expected === 1 ? 'is' : 'are'} only ${replicas}` : 'never allows an eviction'}`,
            why: [
              `It covers ${names} with ${replicas} in all: none may be missing.`,
              isScaledFree
                ? `A HorizontalPodAutoscaler makes that up to ${most}; until it does, kubectl drain and upgrades of the nodes wait.`
                : 'kubectl drain, upgrades of the nodes and cluster autoscalers wait for it until somebody deletes the pod or the budget.',
            ],
            cure:
              expected === 1
                ? {
                    text: `Run two replicas; or, where a short outage is no harm, allow it${instead}:`,
                    yaml: 'spec:\n  maxUnavailable: 1\n',
                  }
                : {text: `Allow one replica to be missing${instead}:`, yaml: 'spec:\n  maxUnavailable: 1\n'},
          },
        ];
  const mixes: Finding[] =
    covered.length < 2
      ? []
      : [
          {
            rule: 'disruption-budget',
            level: 'note',
            object,
            position: manifest.locate(['spec', 'selector']),
            title: `PodDisruptionBudget ${budget.name} covers ${covered.length} workloads as one`,
            why: [
              `It covers ${names}.`,
              'All replicas of one of them may be evicted together, as long as enough of the others are left.',
            ],
            cure: {text: 'Give each workload a budget of its own, selected by its own labels.'},
          },
        ];
  return [...blocks, ...mixes];
}

function mostReplicas(workload: WorkloadView, {caches: {cache}}: StageView): number {
  const deployment = workload.kind === 'Deployment' ? cache.workload(keyOfWorkload(workload)) : undefined;
  return deployment === undefined ? workload.replicas : cache.maxReplicasOf(deployment);
}

/** How many of the pods may be missing when all are healthy. Percentages are rounded up, as the controller does. */
function disruptionsOf({maxUnavailable, minAvailable}: DisruptionBudget, expected: number): number {
  if (maxUnavailable !== undefined) {
    return Math.min(expected, countOf(maxUnavailable, expected));
  }
  return minAvailable === undefined ? expected : expected - countOf(minAvailable, expected);
}

function countOf(value: number | string, expected: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * expected) / 100);
}

function severalBudgets(
  workload: WorkloadView,
  budgets: readonly DisruptionBudget[],
  {view}: CheckContext,
): Finding[] {
  const {namespace, template, replicas, kind} = workload;
  const covering = budgetsOf({namespace, labels: template.metadata?.labels ?? {}} as never, budgets);
  const [manifest] = [
    ...covering.flatMap(({name}) => view.manifestOf(BUDGETS, namespace, name) ?? []),
    ...(workload.manifest === undefined ? [] : [workload.manifest]),
  ];
  if (covering.length < 2 || replicas === 0 || kind === 'DaemonSet' || manifest === undefined) {
    return [];
  }
  return [
    {
      rule: 'disruption-budget',
      level: 'error',
      object: referenceOf(workload),
      position: manifest.locate(manifest.kind === 'PodDisruptionBudget' ? ['spec', 'selector'] : []),
      title: `${describeObject(workload)} is covered by ${covering.length} PodDisruptionBudgets`,
      why: [
        `They are ${covering.map(describeBudget).join(' and ')}.`,
        'The API server refuses to evict a pod that more than one budget covers: every drain of its node fails.',
      ],
      cure: {text: 'Keep one of them, or make their selectors disjoint.'},
    },
  ];
}
