import {describe, expect, it} from '@jest/globals';
import {node, pod} from '../../test/scenarios/builders.ts';
import {clusterCache, replicaSet, settled, storedPolicy, workload} from '../../test/scenarios/workloads.ts';
import {type DisruptionBudget, toDisruptionBudget} from '../cluster/disruption-budget.ts';
import type {LabelSelector} from '../cluster/label-selector.ts';
import type {Pod} from '../cluster/pod.ts';
import type {HorizontalPodAutoscaler, Namespace} from '../cluster/workload.ts';
import {ManualClock} from '../kube/testing/manual-clock.ts';
import {PolicyIndex, type StoredPolicy} from './policy-index.ts';
import {Triggers} from './triggers.ts';

/** A little longer than any burst that is taken together. */
const BURST = 6000;

const WEB = settled({a: 2, b: 1});
const SETTLED_API = settled({a: 1}, {name: 'api'});
/** Somebody has labelled its pods. */
const API = {
  ...SETTLED_API,
  pods: SETTLED_API.pods.map((each) => ({...each, labels: {...each.labels, team: 'shop'}})),
};
const ELSEWHERE = settled({a: 1}, {namespace: 'other'});

const AWAY_FROM_WEB = pod('any', {
  spec: {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {app: 'web'}}},
        ],
      },
    },
  },
}).spec;
const STRANGER = pod('stranger', {on: 'a', labels: {}});

describe('Triggers: workloads', () => {
  const [first, second] = WEB.pods as [Pod, Pod];

  it.each<{what: string; change: (triggers: Triggers) => void; looks: string[]}>([
    {
      what: 'a Deployment',
      change: (triggers) => triggers.workloadChanged(WEB.workload, {...WEB.workload, generation: 2}),
      looks: ['default/web'],
    },
    {
      what: 'a deleted Deployment',
      change: (triggers) => triggers.workloadChanged(WEB.workload, undefined),
      looks: ['default/web'],
    },
    {
      what: 'a ReplicaSet',
      change: (triggers) => triggers.replicaSetChanged(replicaSet(WEB.workload)),
      looks: ['default/web'],
    },
    {
      what: 'a pod of it',
      change: (triggers) => triggers.podChanged(first, {...first, ready: false}),
      looks: ['default/web'],
    },
    {
      what: 'a pod that another controller has adopted',
      change: (triggers) =>
        triggers.podChanged(first, {
          ...first,
          controller: {kind: 'ReplicaSet', name: 'api-h1', uid: replicaSet(API.workload).uid},
        }),
      looks: ['default/api', 'default/web'],
    },
    {
      what: 'a pod that belongs to nobody',
      change: (triggers) =>
        triggers.podChanged(undefined, {...second, controller: {kind: 'Job', name: 'x', uid: 'y'}}),
      looks: [],
    },
    {
      what: 'a pod that the policy keeps its replicas away from',
      change: (triggers) => triggers.podChanged(undefined, {...STRANGER, labels: {class: 'noisy'}}),
      looks: ['default/api', 'default/web'],
    },
    {
      what: 'such a pod that has become Ready',
      change: (triggers) => {
        const noisy = {...STRANGER, labels: {class: 'noisy'}};
        triggers.podChanged({...noisy, ready: false}, noisy);
      },
      looks: [],
    },
    {
      what: 'a pod that keeps away from its replicas',
      change: (triggers) => triggers.podChanged(undefined, {...STRANGER, spec: AWAY_FROM_WEB}),
      looks: ['default/web'],
    },
    {
      what: 'a disruption budget of it',
      change: (triggers) => triggers.budgetChanged(budget({matchLabels: {app: 'web'}})),
      looks: ['default/web'],
    },
    {
      what: 'a disruption budget of a label that only its pods carry',
      change: (triggers) => triggers.budgetChanged(budget({matchLabels: {team: 'shop'}})),
      looks: ['default/api'],
    },
    {
      what: 'a disruption budget of all pods of its namespace',
      change: (triggers) => triggers.budgetChanged(budget({})),
      looks: ['default/api', 'default/web'],
    },
    {
      what: 'a disruption budget that asks for labels by expressions',
      change: (triggers) =>
        triggers.budgetChanged(budget({matchExpressions: [{key: 'app', operator: 'Exists'}]})),
      looks: ['default/api', 'default/web'],
    },
    {
      what: 'a disruption budget without a selector, which covers nobody',
      change: (triggers) => triggers.budgetChanged(budget(undefined)),
      looks: [],
    },
    {
      what: 'an autoscaler of it',
      change: (triggers) => triggers.autoscalerChanged(autoscaler('Deployment')),
      looks: ['default/web'],
    },
    {
      what: 'an autoscaler of something else of that name',
      change: (triggers) => triggers.autoscalerChanged(autoscaler('StatefulSet')),
      looks: [],
    },
    {
      what: 'the opt-out of a namespace',
      change: (triggers) => triggers.namespaceChanged(NAMESPACE, {...NAMESPACE, excluded: 'x'}),
      looks: ['default/api', 'default/web'],
    },
    {
      what: 'a label of a namespace',
      change: (triggers) => triggers.namespaceChanged(NAMESPACE, {...NAMESPACE, labels: {a: 'b'}}),
      looks: [],
    },
    {
      what: 'the spec of a policy',
      change: (triggers) => triggers.policyChanged(storedPolicy(), storedPolicy({generation: 2})),
      looks: ['default/api', 'default/web'],
    },
    {
      what: 'a policy that is being deleted',
      change: (triggers) => triggers.policyChanged(storedPolicy(), storedPolicy({deleting: true})),
      looks: ['default/api', 'default/web'],
    },
    {
      what: 'our own write of a status',
      change: (triggers) =>
        triggers.policyChanged(storedPolicy(), storedPolicy({status: {observedGeneration: 1}})),
      looks: [],
    },
  ])('$what concerns $looks', async ({change, looks}) => {
    const {triggers, workloads, clock} = watched();

    change(triggers);
    await clock.advance(BURST);

    expect(workloads()).toEqual(looks);
  });
});

describe('Triggers: nodes', () => {
  it('has every workload looked at once for a burst of changes', async () => {
    const {triggers, workloads, clock, nodeChanges} = watched();

    for (const name of ['a', 'b', 'c']) {
      triggers.nodeChanged(node(name), node(name, {unschedulable: true}));
    }

    expect(workloads()).toEqual([]);

    await clock.advance(BURST);

    expect(workloads()).toEqual(['default/api', 'default/web', 'other/web']);
    expect(nodeChanges()).toBe(1);
  });

  // Found by the fault tests.
  it('tells at once that a node is not Ready any more', () => {
    const {triggers, nodeChanges} = watched();

    triggers.nodeChanged(node('a'), node('a', {ready: 'Unknown'}));

    expect(nodeChanges()).toBe(1);
  });

  it('does not mind the heartbeat of a kubelet', async () => {
    const {triggers, workloads, clock} = watched();

    triggers.nodeChanged(node('a'), {...node('a'), resourceVersion: '2'});
    await clock.advance(BURST);

    expect(workloads()).toEqual([]);
  });

  it.each<{what: string; after: (pod: Pod) => Pod | undefined; looks: string[]}>([
    {what: 'is gone', after: () => undefined, looks: ['default/api']},
    {what: 'is finished', after: (pod) => ({...pod, phase: 'Succeeded'}), looks: ['default/api']},
    {what: 'became Ready', after: (pod) => ({...pod, resourceVersion: '2'}), looks: []},
  ])('has those who wait for room looked at when a stranger’s pod $what: $looks', async ({after, looks}) => {
    const {triggers, workloads, clock} = watched({waitingForRoom: ['default/api']});
    const {controller: _, ...stranger} = WEB.pods[0] as Pod;

    triggers.podChanged(stranger, after(stranger));
    await clock.advance(BURST);

    expect(workloads()).toEqual(looks);
  });

  it.each<{what: string; before?: object; after?: object; looks: string[]}>([
    {what: 'comes', after: {}, looks: ['default/api']},
    {what: 'goes', before: {}, looks: ['default/api']},
    {what: 'is bound', before: {bindCompleted: false}, after: {bindCompleted: true}, looks: ['default/api']},
    {what: 'changes in what nobody reads', before: {}, after: {resourceVersion: '2'}, looks: []},
  ])('has those who wait for room looked at when a claim $what: $looks', async ({before, after, looks}) => {
    const {triggers, workloads, clock} = watched({waitingForRoom: ['default/api']});
    const claim = {name: 'data', namespace: 'default', uid: 'data', resourceVersion: '1'};

    triggers.storageChanged(before && {...claim, ...before}, after && {...claim, ...after});
    await clock.advance(BURST);

    expect(workloads()).toEqual(looks);
  });

  it('forgets what it has put off when it stops', async () => {
    const {triggers, workloads, clock} = watched();
    triggers.nodesChanged();

    triggers.stop();
    await clock.advance(BURST);

    expect(workloads()).toEqual([]);
  });
});

describe('Triggers: policies', () => {
  it('are looked at when the labels of a workload may have moved it from one to the other', () => {
    const two = [storedPolicy({name: 'a'}), storedPolicy({name: 'b'})];
    const {triggers, policies} = watched({policies: two});

    triggers.workloadChanged(WEB.workload, {...WEB.workload, generation: 2});

    expect(policies()).toEqual([]);

    triggers.workloadChanged(WEB.workload, {...WEB.workload, labels: {app: 'other'}});

    expect(policies()).toEqual(['default/a', 'default/b']);
  });

  it('that are gone are forgotten, and the others of the namespace looked at', () => {
    const {triggers, policies, gone} = watched({policies: [storedPolicy({name: 'younger'})]});

    triggers.policyChanged(storedPolicy({name: 'older'}), undefined);

    expect(gone()).toEqual(['default/older']);
    expect(policies()).toEqual(['default/younger']);
  });
});

describe('Triggers: everything', () => {
  it('is every policy and every workload', () => {
    const {triggers, workloads, policies} = watched();

    triggers.everything();

    expect(workloads()).toEqual(['default/api', 'default/web', 'other/web']);
    expect(policies()).toEqual(['default/apart']);
  });
});

const NAMESPACE: Namespace = {
  name: 'default',
  uid: 'n',
  resourceVersion: '1',
  labels: {},
  terminating: false,
};

function budget(selector: LabelSelector | undefined): DisruptionBudget {
  return toDisruptionBudget({
    metadata: {name: 'web', namespace: 'default', uid: 'b', resourceVersion: '1'},
    ...(selector === undefined ? {} : {spec: {selector}}),
  });
}

function autoscaler(kind: string): HorizontalPodAutoscaler {
  return {
    namespace: 'default',
    name: 'web',
    uid: 'h',
    resourceVersion: '1',
    target: {kind, name: workload().name},
    maxReplicas: 9,
  };
}

function watched({
  policies = [storedPolicy({separateFrom: [{selector: {matchLabels: {class: 'noisy'}}}]})],
  waitingForRoom = [],
}: {
  readonly policies?: readonly StoredPolicy[];
  readonly waitingForRoom?: readonly string[];
} = {}) {
  const clock = new ManualClock();
  const index = new PolicyIndex();
  for (const policy of policies) {
    index.set(policy);
  }
  const looks = {workloads: [] as string[], policies: [] as string[], gone: [] as string[]};
  let nodeChanges = 0;
  const triggers = new Triggers({
    cache: clusterCache([node('a'), node('b')], WEB, API, ELSEWHERE),
    policies: index,
    clock,
    lookAtWorkload: (key) => looks.workloads.push(key),
    lookAtPolicy: (key) => looks.policies.push(key),
    policyGone: (key) => looks.gone.push(key),
    onNodesChanged: () => {
      nodeChanges += 1;
    },
    waitingForRoom: () => waitingForRoom,
  });
  const unique = (keys: readonly string[]) => [...new Set(keys)].sort();
  return {
    triggers,
    clock,
    workloads: () => unique(looks.workloads),
    policies: () => unique(looks.policies),
    gone: () => looks.gone,
    nodeChanges: () => nodeChanges,
  };
}
