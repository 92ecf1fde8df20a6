/**
 * Scenarios 12 to 14 and 20: the rule beside what the owner of a Deployment wrote, its removal, rolling updates under
 * it, and the rights that all of it takes.
 */
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from '@jest/globals';
import {parse} from 'yaml';

import type {WrittenSpec} from '../../src/api/types.ts';
import {ControlPlane} from '../controlplane/control-plane.ts';
import {installOperator} from '../controlplane/install-operator.ts';
import {placementOf, waitForPlacement, waitForReady} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {type Deployment, scaleDeployment} from '../controlplane/workloads.ts';
import {deployment, HOSTNAME, policy, ZONE} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {conditionOf, waitForBlocked, waitForEvent, waitForStatus, workloadStatus} from './reports.ts';
import {forbiddenRequests, grantedRights, TO_FIND_OUT, usedRights} from './rights.ts';
import {hasAntiAffinity, type Template, templateOf} from './templates.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

let cluster: RunningControlPlane;
let operator: RunningOperator;
let namespace: string;
let scenarios = 0;

beforeAll(async () => {
  cluster = await new ControlPlane({
    nodes: 3,
    zones: 3,
    podStartMilliseconds: 300,
    podStopMilliseconds: 200,
  }).start();
  await installOperator(cluster);
  operator = await new OperatorProcess(cluster)
    .withArguments('--lease-namespace=spread-operator-system')
    .start();
}, startLimitMilliseconds);

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await cluster?.stop();
}, 60_000);

beforeEach(async () => {
  namespace = `shop-${++scenarios}`;
  await cluster.createNamespace(namespace);
});

afterEach(async () => {
  // What is still there would only cost time in the scenarios that follow.
  await cluster.kubectl([
    'delete',
    '--wait=false',
    `--namespace=${namespace}`,
    'spread,deployments',
    '--all',
  ]);
});

const limit = 90_000;

/** Both kinds of rule and a neighbour to keep away from: three terms in three lists, next to the owner's own. */
const rich: Partial<WrittenSpec> = {
  topologies: [
    {topologyKey: ZONE, distribution: 'Even', whenUnsatisfiable: 'ScheduleAnyway'},
    {topologyKey: HOSTNAME, whenUnsatisfiable: 'DoNotSchedule'},
  ],
  separateFrom: [{selector: {matchLabels: {class: 'cpu-heavy'}}}],
};

/** The user's own placement: node affinity, pod affinity to a neighbour, a spread constraint. */
const ownPlacement = {
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 7,
          preference: {matchExpressions: [{key: 'kubernetes.io/os', operator: 'In', values: ['linux']}]},
        },
      ],
    },
  },
  topologySpreadConstraints: [
    {
      maxSkew: 2,
      topologyKey: HOSTNAME,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: {matchLabels: {app: 'web'}},
    },
  ],
};

/** As most people do: kubectl apply, client side. */
async function applied(options: Parameters<typeof deployment>[0] = {}): Promise<Template> {
  const manifest = inNamespace(deployment({replicas: 3, ...options}));
  await cluster.apply(manifest);
  await waitForReady(cluster, namespace, manifest.metadata.name, 3);
  return templateOf(cluster, namespace, manifest.metadata.name);
}

function inNamespace(manifest: Deployment): Deployment {
  return {...manifest, metadata: {...manifest.metadata, namespace}};
}

async function patchPolicy(spec: object): Promise<void> {
  await cluster.admin.patch(`/apis/spread-operator.io/v1alpha1/namespaces/${namespace}/spreadpolicies/web`, {
    spec,
  });
}

async function waitForInjected(workload = 'web'): Promise<Template> {
  await waitForStatus(
    cluster,
    namespace,
    'injected and spread',
    ({state, injection}) => state === 'Spread' && injection?.state === 'Injected',
    {workload},
  );
  return templateOf(cluster, namespace, workload);
}

async function waitForTemplate(what: string, accept: (template: Template) => boolean): Promise<Template> {
  return waitFor(
    `the template of ${namespace}/web ${what}`,
    async () => {
      const template = await templateOf(cluster, namespace);
      return accept(template) ? template : undefined;
    },
    {interval: 250, state: async () => (await templateOf(cluster, namespace)).text},
  );
}

describe('a Deployment that has a pod anti-affinity of its own (12)', () => {
  const own = {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {weight: 10, podAffinityTerm: {topologyKey: HOSTNAME, labelSelector: {matchLabels: {app: 'web'}}}},
    ],
  };
  const conflicting = deployment({podSpec: {affinity: {podAntiAffinity: own}}});
  const soft: Partial<WrittenSpec> = {
    topologies: [{topologyKey: HOSTNAME, whenUnsatisfiable: 'ScheduleAnyway'}],
  };

  it.each([
    {
      how: 'kubectl apply',
      manager: 'kubectl-client-side-apply',
      write: (manifest: Deployment) => cluster.apply(manifest),
    },
    {
      how: 'server-side apply',
      manager: 'argocd-controller',
      write: async (manifest: Deployment) => {
        const flags = ['--server-side', '--field-manager=argocd-controller', '--force-conflicts'];
        await cluster.kubectl(['apply', ...flags, '--filename=-'], {input: JSON.stringify(manifest)});
      },
    },
  ])(
    'by $how keeps it, is told so, and its replicas are moved all the same',
    withOperatorLog(async ({manager, write}) => {
      await placeAs(write);
      const before = await templateOf(cluster, namespace);

      await cluster.apply(policy(namespace, {...soft, injection: 'Apply'}));

      const {message} = await waitForBlocked(cluster, namespace, 'InjectionConflict');
      await waitForPlacement(cluster, namespace, 'web', [1, 1, 1], {timeout: 60_000});
      await waitForStatus(cluster, namespace, 'spread', ({state}) => state === 'Spread');
      const after = await templateOf(cluster, namespace);
      const entry = await workloadStatus(cluster, namespace);
      const injected = await conditionOf(cluster, namespace, 'Injected');
      const ready = await conditionOf(cluster, namespace, 'Ready');
      await waitForEvent(cluster, namespace, 'InjectionConflict');
      const evictions = await cluster.evictions((eviction) => eviction.namespace === namespace);
      expect(message).toContain(
        `${manager} owns .spec.template.spec.affinity.podAntiAffinity.preferredDuringScheduling`,
      );
      expect(after.text).toBe(before.text);
      expect(after.managers).not.toContain('spread-operator');
      expect(evictions).toHaveLength(2);
      expect(entry?.injection?.state).toBe('Conflict');
      expect(parse(entry?.injection?.patch ?? '')).toHaveProperty(
        'spec.template.spec.affinity.podAntiAffinity',
      );
      expect([injected?.status, injected?.reason]).toEqual(['False', 'InjectionConflict']);
      expect([ready?.status, ready?.reason]).toEqual(['False', 'Blocked']);
    }),
    limit,
  );

  /** [3, 0, 0] under the user's soft rule, written the user's way. */
  async function placeAs(write: (manifest: Deployment) => Promise<unknown>): Promise<void> {
    const [, ...others] = await cluster.nodes();
    await Promise.all(others.map(({metadata}) => cluster.cordon(metadata.name)));
    try {
      await write(inNamespace({...conflicting, spec: {...conflicting.spec, replicas: 3}}));
      await waitForReady(cluster, namespace, 'web', 3);
    } finally {
      await Promise.all(others.map(({metadata}) => cluster.uncordon(metadata.name)));
    }
  }

  it(
    'does not keep the policy from its other Deployments, and gets the rule when it gives up its own',
    withOperatorLog(async () => {
      await applied({podSpec: {affinity: {podAntiAffinity: own}}});
      await applied({name: 'api'});
      await cluster.apply(policy(namespace, {...soft, injection: 'Apply'}));
      const other = await waitForInjected('api');
      await waitForBlocked(cluster, namespace, 'InjectionConflict');

      await applied();

      const {spec} = await waitForInjected();
      const {preferredDuringSchedulingIgnoredDuringExecution: terms} = spec.affinity?.podAntiAffinity ?? {};
      const injected = await conditionOf(cluster, namespace, 'Injected');
      expect(hasAntiAffinity(other)).toBe(true);
      expect(terms).toEqual([
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: HOSTNAME,
            labelSelector: {matchLabels: {app: 'web'}},
            matchLabelKeys: ['pod-template-hash'],
          },
        },
      ]);
      expect(injected?.status).toBe('True');
    }),
    limit,
  );

  it(
    'keeps a required list of its own while the preferred one is injected beside it, and only that is taken out',
    withOperatorLog(async () => {
      const required = {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {topologyKey: HOSTNAME, labelSelector: {matchLabels: {app: 'enemy'}}},
        ],
      };
      const before = await applied({podSpec: {affinity: {podAntiAffinity: required}}});
      await cluster.apply(policy(namespace, {...soft, injection: 'Apply'}));
      const during = await waitForInjected();

      await cluster.kubectl(['delete', `--namespace=${namespace}`, 'spread/web', '--timeout=20s']);

      const after = await templateOf(cluster, namespace);
      expect(during.spec.affinity?.podAntiAffinity).toMatchObject(required);
      expect(during.text).not.toBe(before.text);
      expect(after.text).toBe(before.text);
    }),
    limit,
  );
});

describe('exactly the injected fields vanish (13)', () => {
  const ways: {way: string; leave: () => Promise<unknown>}[] = [
    {
      way: 'when the policy is deleted',
      leave: () => cluster.kubectl(['delete', `--namespace=${namespace}`, 'spread/web', '--timeout=20s']),
    },
    {
      way: 'when the Deployment leaves the selector',
      leave: () => cluster.kubectl(['label', `--namespace=${namespace}`, 'deployment/web', 'tier-']),
    },
    {way: 'when the mode becomes Suggest', leave: () => patchPolicy({injection: {mode: 'Suggest'}})},
    {way: 'when the mode becomes Disabled', leave: () => patchPolicy({injection: {mode: 'Disabled'}})},
  ];
  const own = {of: 'a template with placement of its own', podSpec: ownPlacement};
  const plain = {of: 'a template without placement', podSpec: {}};
  const cases = [
    ...ways.map((way) => ({...way, ...own})),
    ...ways.slice(0, 1).map((way) => ({...way, ...plain})),
  ];

  it.each(cases)(
    '$way, from $of',
    withOperatorLog(async ({leave, podSpec}) => {
      const labels = {tier: 'front'};
      const before = await applied({labels, podSpec});
      await cluster.apply(policy(namespace, {...rich, selector: {matchLabels: labels}, injection: 'Apply'}));
      const during = await waitForInjected();

      await leave();

      const after = await waitForTemplate('has no injected rule', (template) => !hasAntiAffinity(template));
      const {required, preferred} = listsOf(during);
      expect({required, preferred, constraints: constraintsOf(during)}).toEqual({
        required: 1,
        preferred: 1,
        constraints: constraintsOf(before) + 1,
      });
      expect(after.text).toBe(before.text);
      expect(after.managers).not.toContain('spread-operator');
      expect(after.generation).toBe(during.generation + 1);
      await waitForReady(cluster, namespace, 'web', 3);
    }),
    limit,
  );

  it(
    'never appear with Suggest: the status has the patch, and whoever merges it needs nothing more',
    withOperatorLog(async () => {
      const before = await applied({podSpec: ownPlacement});
      await cluster.apply(policy(namespace, {...rich, injection: 'Suggest'}));

      const {injection} = await waitForStatus(
        cluster,
        namespace,
        'spread, with a patch',
        (entry) => entry.state === 'Spread' && entry.injection?.patch !== undefined,
      );

      const untouched = await templateOf(cluster, namespace);
      expect(untouched).toEqual(before);
      expect(injection?.state).toBe('Suggested');
      expect((await conditionOf(cluster, namespace, 'Injected'))?.reason).toBe('Suggested');

      await cluster.kubectl(['apply', '--server-side', '--field-manager=me', '--filename=-'], {
        input: injection?.patch ?? '',
      });
      await waitForReady(cluster, namespace, 'web', 3);
      const merged = await templateOf(cluster, namespace);
      await patchPolicy({injection: {mode: 'Apply'}});
      const agreed = await waitForInjected();
      await cluster.kubectl(['delete', `--namespace=${namespace}`, 'spread/web', '--timeout=20s']);
      const kept = await templateOf(cluster, namespace);

      expect({required: 1, preferred: 1}).toEqual(listsOf(merged));
      expect([agreed.text, agreed.generation]).toEqual([merged.text, merged.generation]);
      expect([kept.text, kept.generation]).toEqual([merged.text, merged.generation]);
    }),
    limit,
  );

  it(
    'never appear with Disabled',
    withOperatorLog(async () => {
      const before = await applied({podSpec: ownPlacement});
      await cluster.apply(policy(namespace, {...rich, injection: 'Disabled'}));

      await waitForStatus(cluster, namespace, 'Disabled', ({injection}) => injection?.state === 'Disabled');
      await waitForStatus(cluster, namespace, 'spread', ({state}) => state === 'Spread');

      expect(await templateOf(cluster, namespace)).toEqual(before);
    }),
    limit,
  );
});

describe('what others do to the manifest', () => {
  it(
    'kubectl replace takes the rule out; it comes back once, and nobody fights',
    withOperatorLog(async () => {
      const {text} = await applied();
      await cluster.apply(policy(namespace, {...rich, injection: 'Apply'}));
      const injected = await waitForInjected();

      const manifest = inNamespace(deployment({replicas: 3}));
      await cluster.kubectl(['replace', '--filename=-'], {input: JSON.stringify(manifest)});
      const replaced = await templateOf(cluster, namespace);
      await waitForTemplate('has the rule again', (template) => template.text === injected.text);
      const again = await waitForInjected();
      await cluster.kubectl(['replace', '--filename=-'], {input: JSON.stringify(manifest)});
      const entry = await waitForStatus(cluster, namespace, 'waiting', ({injection}) =>
        Boolean(injection?.message?.includes('injected again after a pause')),
      );

      // One generation for each edit of the two sides, and none beyond.
      expect(replaced.text).toBe(text);
      expect(again.generation).toBe(injected.generation + 2);
      expect(entry.injection?.state).toBe('Pending');
      expect((await templateOf(cluster, namespace)).generation).toBe(injected.generation + 3);
    }),
    limit,
  );

  it(
    'kubectl apply of the same manifest, of another image and of another count leaves the rule in place',
    withOperatorLog(async () => {
      await applied({podSpec: ownPlacement});
      await cluster.apply(policy(namespace, {...rich, injection: 'Apply'}));
      const injected = await waitForInjected();

      await applied({podSpec: {...ownPlacement, terminationGracePeriodSeconds: 5}});
      await cluster.kubectl(['scale', `--namespace=${namespace}`, 'deployment/web', '--replicas=2']);
      await waitForReady(cluster, namespace, 'web', 2);

      const after = await waitForInjected();
      expect(after.text).toBe(
        injected.text.replace('"terminationGracePeriodSeconds": 30', '"terminationGracePeriodSeconds": 5'),
      );
    }),
    limit,
  );
});

describe('rolling updates and Auto (14)', () => {
  it.each<{rule: 'DoNotSchedule' | 'Auto'; distribution: 'Separate' | 'Even'}>([
    {rule: 'DoNotSchedule', distribution: 'Separate'},
    {rule: 'Auto', distribution: 'Separate'},
    {rule: 'DoNotSchedule', distribution: 'Even'},
  ])(
    'with as many replicas as nodes complete under $distribution $rule, and end spread',
    withOperatorLog(async ({rule, distribution}) => {
      await applied();
      await cluster.apply(
        policy(namespace, {
          topologies: [{topologyKey: HOSTNAME, distribution, whenUnsatisfiable: rule}],
          injection: 'Apply',
        }),
      );
      await waitForInjected();

      for (const version of ['2', '3']) {
        await cluster.kubectl([
          'set',
          'image',
          `--namespace=${namespace}`,
          'deployment/web',
          `main=registry.k8s.io/pause:${version}`,
        ]);
        await cluster.kubectl([
          'rollout',
          'status',
          `--namespace=${namespace}`,
          'deployment/web',
          '--timeout=30s',
        ]);
      }

      await waitForReady(cluster, namespace, 'web', 3);
      const entry = await workloadStatus(cluster, namespace);
      const evictions = await cluster.evictions((eviction) => eviction.namespace === namespace);
      expect(entry?.injection?.whenUnsatisfiable).toBe('DoNotSchedule');
      expect(await placementOf(cluster, namespace, 'web')).toEqual([1, 1, 1]);
      expect(evictions).toEqual([]);
    }),
    limit,
  );

  const hpa = (maxReplicas: number) => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: {name: 'web', namespace},
    spec: {
      scaleTargetRef: {apiVersion: 'apps/v1', kind: 'Deployment', name: 'web'},
      minReplicas: 2,
      maxReplicas,
      metrics: [
        {type: 'Resource', resource: {name: 'cpu', target: {type: 'Utilization', averageUtilization: 80}}},
      ],
    },
  });

  it.each<{replicas: number; maxReplicas?: number; expected: 'DoNotSchedule' | 'ScheduleAnyway'}>([
    {replicas: 3, expected: 'DoNotSchedule'},
    {replicas: 4, expected: 'ScheduleAnyway'},
    {replicas: 2, maxReplicas: 3, expected: 'DoNotSchedule'},
    {replicas: 2, maxReplicas: 4, expected: 'ScheduleAnyway'},
  ])(
    'Auto on three nodes with $replicas replicas (autoscaler: up to $maxReplicas) is $expected',
    withOperatorLog(async ({replicas, maxReplicas, expected}) => {
      await cluster.apply(inNamespace(deployment({replicas})));
      await waitForReady(cluster, namespace, 'web', replicas);
      if (maxReplicas !== undefined) {
        await cluster.apply(hpa(maxReplicas));
      }
      await cluster.apply(policy(namespace, {injection: 'Apply'}));

      const template = await waitForInjected();

      const {required, preferred} = listsOf(template);
      expect({required, preferred}).toEqual(
        expected === 'DoNotSchedule' ? {required: 1, preferred: 0} : {required: 0, preferred: 1},
      );
    }),
    limit,
  );

  it(
    'a rule that has become hard does not flip when a fourth replica is asked for, and the replica is not forgotten',
    withOperatorLog(async () => {
      await applied();
      await cluster.apply(policy(namespace, {injection: 'Apply'}));
      const hard = await waitForInjected();

      await scaleDeployment(cluster, namespace, 'web', 4);

      const entry = await waitForStatus(cluster, namespace, 'a Pending replica', ({blocked}) =>
        Boolean(blocked?.message.includes('stays Pending')),
      );
      expect(entry.blocked?.reason).toBe('InsufficientDomains');
      expect((await templateOf(cluster, namespace)).text).toBe(hard.text);
    }),
    limit,
  );
});

it(
  'all of this takes exactly the rights of config/, no more and no fewer (20)',
  withOperatorLog(async () => {
    // Repeated events are written with a patch, at the latest when the operator stops.
    await operator.stop();

    const [granted, used, forbidden] = await Promise.all([
      grantedRights(),
      usedRights(cluster),
      forbiddenRequests(cluster),
    ]);
    expect(forbidden).toEqual([]);
    // No answer is lost here; crash.test.ts has that.
    expect(used).toEqual(granted.filter((right) => right !== TO_FIND_OUT));
  }),
  limit,
);

function listsOf({spec}: Template): {required: number; preferred: number} {
  const {podAntiAffinity} = spec.affinity ?? {};
  return {
    required: podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length ?? 0,
    preferred: podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.length ?? 0,
  };
}

function constraintsOf({spec}: Template): number {
  return spec.topologySpreadConstraints?.length ?? 0;
}
