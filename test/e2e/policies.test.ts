/**
 * Scenarios 17 (what only the operator can refuse), 18 and 19: policies that are not acted on, dry runs, two policies
 * for one Deployment, and opting out.
 */
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {installOperator} from '../controlplane/install-operator.ts';
import {place, placementOf, podsOf, waitForPlacement} from '../controlplane/placement.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {deployment, HOSTNAME, type PolicyOptions, policy} from '../scenarios/manifests.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {conditionOf, getPolicy, waitForEvent, waitForStatus} from './reports.ts';
import {forbiddenRequests, grantedRights, usedRights} from './rights.ts';
import {hasAntiAffinity, templateOf} from './templates.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

let cluster: RunningControlPlane;
let operator: RunningOperator;
let namespace: string;
let scenarios = 0;
/** Namespaces whose Deployment must stay as it is: template and placement, to the end of this file. */
const untouched = new Map<string, {text: string; placement: number[]}>();

beforeAll(async () => {
  cluster = await new ControlPlane({nodes: 3, podStartMilliseconds: 300, podStopMilliseconds: 200}).start();
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
  if (!untouched.has(namespace)) {
    await cluster.kubectl([
      'delete',
      '--wait=false',
      `--namespace=${namespace}`,
      'spread,deployments',
      '--all',
    ]);
  }
});

const limit = 90_000;

async function mustStayAsItIs(where = namespace): Promise<void> {
  const {text} = await templateOf(cluster, where);
  untouched.set(where, {text, placement: await placementOf(cluster, where, 'web')});
}

async function patch(path: string, body: object): Promise<void> {
  await cluster.admin.patch(path, body);
}

const policyPath = (name = 'web') =>
  `/apis/spread-operator.io/v1alpha1/namespaces/${namespace}/spreadpolicies/${name}`;
const deploymentPath = () => `/apis/apps/v1/namespaces/${namespace}/deployments/web`;

async function evictionsOf(where = namespace): Promise<string[]> {
  const evictions = await cluster.evictions((eviction) => eviction.namespace === where);
  return evictions.map(({pod}) => pod);
}

async function waitForCondition(type: string, reason: string, name = 'web'): Promise<string> {
  const {message} = await waitFor(
    `SpreadPolicy ${name} is ${type} because of ${reason}`,
    async () => {
      const condition = await conditionOf(cluster, namespace, type, name);
      return condition?.reason === reason ? condition : undefined;
    },
    {state: async () => JSON.stringify((await getPolicy(cluster, namespace, name)).status, null, 2)},
  );
  return message;
}

describe('a policy that the operator cannot act on is Stalled and touches nothing (17):', () => {
  it.each<{what: string; spec: PolicyOptions; reason: string; message: RegExp}>([
    {
      what: 'strategy Surge',
      spec: {eviction: {strategy: 'Surge'}},
      reason: 'Unsupported',
      message: /spec\.eviction\.strategy: Surge is not supported yet; leave it out or use Evict/,
    },
    {
      what: 'windows',
      spec: {eviction: {windows: [{schedule: '0 1 * * *', duration: '4h', timeZone: 'Europe/Berlin'}]}},
      reason: 'Unsupported',
      message: /spec\.eviction\.windows: is not supported yet; leave it out/,
    },
    {
      what: 'a time zone that does not exist',
      spec: {eviction: {windows: [{schedule: '0 1 * * *', duration: '4h', timeZone: 'Europe/Atlantis'}]}},
      reason: 'InvalidSpec',
      message: /spec\.eviction\.windows\[0\]\.timeZone: .*"Europe\/Atlantis"/,
    },
    {
      what: 'hotNodes Evict',
      spec: {hotNodes: {mode: 'Evict'}},
      reason: 'Unsupported',
      message: /spec\.hotNodes\.mode: Evict is not supported yet; leave hotNodes out/,
    },
    {
      what: 'hotNodes Observe',
      spec: {hotNodes: {}},
      reason: 'Unsupported',
      message: /spec\.hotNodes\.mode: Observe is not supported yet; leave hotNodes out/,
    },
    {
      what: 'scaleDown PreferSpread',
      spec: {scaleDown: 'PreferSpread'},
      reason: 'Unsupported',
      message: /spec\.scaleDown: PreferSpread is not supported yet; leave it out or use Default/,
    },
  ])(
    '$what',
    withOperatorLog(async ({spec, reason, message}) => {
      await place(cluster, namespace, deployment(), [2, 0, 0]);
      await mustStayAsItIs();

      await cluster.apply(policy(namespace, {injection: 'Apply', ...spec}));

      expect(await waitForCondition('Stalled', reason)).toMatch(message);
      await waitForEvent(cluster, namespace, reason);
      const ready = await conditionOf(cluster, namespace, 'Ready');
      const {status} = await getPolicy(cluster, namespace);
      expect([ready?.status, ready?.reason]).toEqual(['False', reason]);
      expect(status?.summary?.workloads).toBe(0);
    }),
    limit,
  );

  it(
    'a policy that becomes so later leaves its rule where it is, and goes on when it is corrected',
    withOperatorLog(async () => {
      await place(cluster, namespace, deployment(), [1, 1, 1]);
      await cluster.apply(policy(namespace, {injection: 'Apply'}));
      await waitForStatus(cluster, namespace, 'injected', ({state}) => state === 'Spread');
      const injected = await templateOf(cluster, namespace);

      await patch(policyPath(), {spec: {scaleDown: 'PreferSpread', injection: {mode: 'Disabled'}}});
      await waitForCondition('Stalled', 'Unsupported');
      const stalled = await templateOf(cluster, namespace);
      await patch(policyPath(), {spec: {scaleDown: 'Default'}});
      await waitFor(
        'the rule is removed',
        async () => !hasAntiAffinity(await templateOf(cluster, namespace)),
      );

      expect(hasAntiAffinity(injected)).toBe(true);
      expect(stalled.text).toBe(injected.text);
      await waitFor(
        'the policy is no longer Stalled',
        async () => (await conditionOf(cluster, namespace, 'Stalled')) === undefined,
      );
    }),
    limit,
  );
});

describe('eviction.mode DryRun (18)', () => {
  it.each<{injection: 'Suggest' | 'Disabled'}>([{injection: 'Suggest'}, {injection: 'Disabled'}])(
    'with injection $injection shows the plan and touches nothing; with Evict it is carried out',
    withOperatorLog(async ({injection}) => {
      await place(cluster, namespace, deployment({rule: 'soft'}), [3, 0, 0]);
      const before = await templateOf(cluster, namespace);
      await cluster.apply(policy(namespace, {injection, eviction: {mode: 'DryRun'}}));

      const entry = await waitForStatus(cluster, namespace, 'planned', ({state}) => state === 'Planned');

      const event = await waitForEvent(cluster, namespace, 'Planned');
      const ready = await conditionOf(cluster, namespace, 'Ready');
      const {status} = await getPolicy(cluster, namespace);
      const [first, second] = entry.moves ?? [];
      expect(entry.movesNeeded).toBe(2);
      expect(entry.moves).toHaveLength(2);
      expect(first).toMatchObject({from: 'node-1', to: expect.arrayContaining(['node-2', 'node-3'])});
      expect(second?.pod).not.toBe(first?.pod);
      expect(event.message).toContain('2 moves needed');
      expect([ready?.status, ready?.reason]).toEqual(['True', 'DryRun']);
      expect(status?.summary?.movesNeeded).toBe(2);
      expect(await templateOf(cluster, namespace)).toEqual(before);
      expect(await evictionsOf()).toEqual([]);

      await patch(policyPath(), {spec: {eviction: {mode: 'Evict'}}});
      await waitForPlacement(cluster, namespace, 'web', [1, 1, 1], {timeout: 45_000});
      expect((await evictionsOf())[0]).toBe(first?.pod);
      expect(await evictionsOf()).toHaveLength(2);
    }),
    limit,
  );

  it(
    'with injection Apply edits the template, whose rollout spreads, and evicts nothing',
    withOperatorLog(async () => {
      await place(cluster, namespace, deployment(), [3, 0, 0]);
      const before = await templateOf(cluster, namespace);
      await cluster.apply(policy(namespace, {injection: 'Apply', eviction: {mode: 'DryRun'}}));

      await waitForPlacement(cluster, namespace, 'web', [1, 1, 1], {timeout: 45_000});

      expect((await templateOf(cluster, namespace)).generation).toBe(before.generation + 1);
      expect(await evictionsOf()).toEqual([]);
    }),
    limit,
  );
});

describe('two policies that select one Deployment (19)', () => {
  it.each<{what: string; younger: PolicyOptions; edits: number}>([
    {what: 'the same rule', younger: {}, edits: 0},
    {what: 'another rule', younger: {topologies: [{topologyKey: HOSTNAME, distribution: 'Even'}]}, edits: 1},
  ])(
    'the older has the say; when it goes, the younger with $what takes over without a flap',
    withOperatorLog(async ({younger, edits}) => {
      await place(cluster, namespace, deployment(), [1, 1, 1]);
      await cluster.apply(policy(namespace, {name: 'older', injection: 'Apply'}));
      await waitForStatus(cluster, namespace, 'spread', ({state}) => state === 'Spread', {policy: 'older'});
      const before = await templateOf(cluster, namespace);
      // Creation times are whole seconds, and at the same one the name decides.
      const {metadata} = await getPolicy(cluster, namespace, 'older');
      await waitFor(
        'a second has passed',
        () => Date.now() > Date.parse(metadata.creationTimestamp ?? '') + 1000,
      );

      await cluster.apply(policy(namespace, {name: 'a-younger', injection: 'Apply', ...younger}));
      const message = await waitForCondition('Stalled', 'Conflict', 'a-younger');
      const ready = await conditionOf(cluster, namespace, 'Ready', 'older');
      const during = await templateOf(cluster, namespace);
      const seen = new Set<boolean>();
      const watching = new AbortController();
      const watched = (async () => {
        while (!watching.signal.aborted) {
          seen.add(hasRule(await templateOf(cluster, namespace)));
        }
      })();
      await cluster.kubectl(['delete', `--namespace=${namespace}`, 'spread/older', '--timeout=20s']);
      await waitForStatus(cluster, namespace, 'spread', ({state}) => state === 'Spread', {
        policy: 'a-younger',
      });
      await waitFor(
        'a-younger is no longer Stalled',
        async () => (await conditionOf(cluster, namespace, 'Stalled', 'a-younger')) === undefined,
      );
      const after = await waitFor('the last edit', async () => {
        const template = await templateOf(cluster, namespace);
        return template.generation === before.generation + edits ? template : undefined;
      });
      watching.abort();
      await watched;

      expect(message).toContain(`web: also selected by the older policy ${namespace}/older`);
      expect(ready?.status).toBe('True');
      expect(during.text).toBe(before.text);
      expect([...seen]).toEqual([true]);
      expect(after.text === before.text).toBe(edits === 0);
      expect(await evictionsOf()).toEqual([]);
    }),
    limit,
  );

  function hasRule({spec}: Awaited<ReturnType<typeof templateOf>>): boolean {
    return hasAntiAffinity({spec} as never) || (spec.topologySpreadConstraints ?? []).length > 0;
  }
});

describe('opting out (19)', () => {
  const exclude = {'spread-operator.io/exclude': 'true'};

  it.each<{what: string; where: () => string; message: RegExp}>([
    {
      what: 'the Deployment',
      where: deploymentPath,
      message: /the Deployment is annotated spread-operator\.io/,
    },
    {
      what: 'the namespace',
      where: () => `/api/v1/namespaces/${namespace}`,
      message: /namespace shop-\d+ is annotated spread-operator\.io/,
    },
  ])(
    'by an annotation of $what: nothing is done until it is taken away',
    withOperatorLog(async ({where, message}) => {
      await place(cluster, namespace, deployment(), [3, 0, 0]);
      await patch(where(), {metadata: {annotations: exclude}});
      const before = await templateOf(cluster, namespace);
      await cluster.apply(policy(namespace, {injection: 'Apply'}));

      const entry = await waitForStatus(cluster, namespace, 'excluded', ({state}) => state === 'Excluded');

      expect(entry.blocked).toMatchObject({reason: 'Excluded', message: expect.stringMatching(message)});
      expect(await templateOf(cluster, namespace)).toEqual(before);
      expect(await placementOf(cluster, namespace, 'web')).toEqual([3, 0, 0]);
      await patch(where(), {metadata: {annotations: {'spread-operator.io/exclude': null}}});
      await waitForPlacement(cluster, namespace, 'web', [1, 1, 1], {timeout: 45_000});
    }),
    limit,
  );

  it.each([
    'spread-operator.io/exclude=true',
    'cluster-autoscaler.kubernetes.io/safe-to-evict=false',
    'karpenter.sh/do-not-disrupt=true',
  ])(
    'by %s on a pod: the others are moved around it',
    withOperatorLog(async (annotation) => {
      await place(cluster, namespace, deployment({rule: 'soft'}), [3, 0, 0]);
      const names = (await podsOf(cluster, namespace, 'web')).map(({metadata}) => metadata.name);
      // The youngest one would go first.
      const kept = names.at(-1) ?? '';
      await cluster.kubectl(['annotate', `--namespace=${namespace}`, 'pod', kept, annotation]);
      await cluster.apply(policy(namespace, {injection: 'Disabled'}));

      await waitForPlacement(cluster, namespace, 'web', [1, 1, 1], {timeout: 45_000});

      const evicted = await evictionsOf();
      expect(evicted).toHaveLength(2);
      expect(evicted).not.toContain(kept);
    }),
    limit,
  );

  it(
    'by an annotation of the pod template: nothing is evicted, and the template is left alone',
    withOperatorLog(async () => {
      await place(cluster, namespace, deployment({podAnnotations: exclude}), [3, 0, 0]);
      await mustStayAsItIs();
      await cluster.apply(policy(namespace, {injection: 'Apply'}));

      const {blocked} = await waitForStatus(
        cluster,
        namespace,
        'excluded',
        ({state}) => state === 'Excluded',
      );

      expect(blocked?.message).toContain('spread-operator.io/exclude: "true" (on the pod template)');
    }),
    limit,
  );

  it(
    'by an annotation of every pod: nothing is evicted, and the reason names them',
    withOperatorLog(async () => {
      await place(cluster, namespace, deployment({rule: 'soft'}), [3, 0, 0]);
      await cluster.kubectl([
        'annotate',
        'pods',
        '--namespace',
        namespace,
        '--all',
        'spread-operator.io/exclude=true',
      ]);
      await mustStayAsItIs();
      await cluster.apply(policy(namespace, {injection: 'Disabled'}));

      const {blocked} = await waitForStatus(cluster, namespace, 'blocked', ({state}) => state === 'Blocked');

      expect(blocked).toMatchObject({
        reason: 'Excluded',
        message: expect.stringContaining('spread-operator.io/exclude'),
      });
    }),
    limit,
  );

  it(
    'kube-system is left alone',
    withOperatorLog(async () => {
      await place(cluster, 'kube-system', deployment(), [3, 0, 0]);
      await mustStayAsItIs('kube-system');
      await cluster.apply(policy('kube-system', {injection: 'Apply'}));

      const {blocked} = await waitForStatus(
        cluster,
        'kube-system',
        'excluded',
        ({state}) => state === 'Excluded',
      );

      expect(blocked?.message).toBe('the operator leaves namespace kube-system alone');
      await cluster.kubectl(['delete', '--namespace=kube-system', 'spread/web', '--timeout=20s']);
    }),
    limit,
  );
});

it('what was to stay as it is has stayed so to the end; nothing was forbidden, nothing done beyond config/ (20)', async () => {
  const now = new Map<string, {text: string; placement: number[]}>();
  const evictions: string[] = [];
  for (const where of untouched.keys()) {
    const {text} = await templateOf(cluster, where);
    now.set(where, {text, placement: await placementOf(cluster, where, 'web')});
    evictions.push(...(await evictionsOf(where)));
  }
  const granted = await grantedRights();
  const used = await usedRights(cluster);

  expect(Object.fromEntries(now)).toEqual(Object.fromEntries(untouched));
  expect(evictions).toEqual([]);
  expect(await forbiddenRequests(cluster)).toEqual([]);
  expect(used.filter((right) => !granted.includes(right))).toEqual([]);
});
