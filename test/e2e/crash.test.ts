/**
 * Scenario 15: the operator is killed at every step of a move, told to stop in the middle of one, or one of two
 * replicas dies. Whoever comes next finishes, and no replica is moved that need not be.
 */
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import {installOperator} from '../controlplane/install-operator.ts';
import {place, podsOf, waitForPlacement} from '../controlplane/placement.ts';
import {ReadyRecorder} from '../controlplane/ready-recorder.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import {isPodReady, type Pod} from '../controlplane/workloads.ts';
import {deployment, policy} from '../scenarios/manifests.ts';
import {ApiProxy, type Moment, type ProxiedRequest} from './api-proxy.ts';
import {OperatorProcess, type RunningOperator} from './operator-process.ts';
import {waitForStatus, workloadStatus} from './reports.ts';
import {forbiddenRequests, grantedRights, TO_FIND_OUT, usedRights} from './rights.ts';
import {startLimitMilliseconds, withOperatorLog} from './with-operator-log.ts';

let cluster: RunningControlPlane;
let proxy: ApiProxy;
let kubeconfig: string;
let namespace: string;
let scenarios = 0;
/** Evictions that a namespace has had at the end of its scenario: the operators that follow must not add any. */
const moves = new Map<string, number>();
let running: RunningOperator[] = [];

beforeAll(async () => {
  cluster = await new ControlPlane({nodes: 3, podStartMilliseconds: 700, podStopMilliseconds: 700}).start();
  await installOperator(cluster);
  proxy = await ApiProxy.start(cluster);
  kubeconfig = await proxy.createKubeconfig(cluster);
}, startLimitMilliseconds);

afterAll(async () => {
  await proxy?.stop();
  await cluster?.stop();
}, 60_000);

beforeEach(async () => {
  namespace = `shop-${++scenarios}`;
  await cluster.createNamespace(namespace);
});

afterEach(async () => {
  const stopping = running;
  running = [];
  for (const operator of stopping) {
    await operator[Symbol.asyncDispose]();
  }
}, 60_000);

const limit = 120_000;

async function start(options: {elect?: boolean; leading?: boolean} = {}): Promise<RunningOperator> {
  const operator = await new OperatorProcess(cluster)
    .withArguments(
      `--kubeconfig=${kubeconfig}`,
      '--lease-namespace=spread-operator-system',
      // Acts at once after a start: no lease of a dead one gives the cluster time to calm down.
      ...(options.elect === true ? [] : ['--no-leader-elect']),
    )
    .start({leading: options.elect === true && options.leading !== false});
  running.push(operator);
  return operator;
}

interface Point {
  readonly point: string;
  /** Settles when the move is there; the function it gives lets go of what was held, after the operator is dead. */
  readonly reach: () => Promise<() => void>;
}

const writes = (moment: Moment, matches: (request: ProxiedRequest) => boolean) => async () => {
  const {drop} = await proxy.hold(
    moment,
    (request) => request.path.includes(`/namespaces/${namespace}/`) && matches(request),
  );
  return drop;
};

const replicas = (accept: (pods: Pod[]) => Promise<boolean> | boolean) => async () => {
  await waitFor('the replicas are there', async () => accept(await podsOf(cluster, namespace, 'web')), {
    interval: 20,
  });
  return () => {};
};

const isEviction = ({path}: ProxiedRequest) => path.includes('/eviction');
const isWriteAhead = ({path, body}: ProxiedRequest) =>
  path.includes('/status') && body.includes('"inFlight"');
const isFinalStatus = ({path, body}: ProxiedRequest) =>
  path.includes('/status') && body.includes('"state":"Spread"') && !body.includes('"inFlight"');
const isEvent = ({path, body}: ProxiedRequest) => path.includes('/events') && body.includes('"Evicted"');
const isTerminating = ({metadata}: Pod) => metadata.deletionTimestamp !== undefined;

const points: Point[] = [
  {point: 'the status that announces the move is not written yet', reach: writes('sent', isWriteAhead)},
  {point: 'the status that announces the move is written', reach: writes('answered', isWriteAhead)},
  {point: 'the eviction is on its way', reach: writes('sent', isEviction)},
  {point: 'the eviction is done, and nobody has heard of it', reach: writes('answered', isEviction)},
  {point: 'the event about it is not written yet', reach: writes('sent', isEvent)},
  {point: 'the old replica terminates', reach: replicas((pods) => pods.some(isTerminating))},
  {
    point: 'the replacement is not Ready',
    reach: replicas((pods) => pods.some((pod) => !isTerminating(pod) && !isPodReady(pod))),
  },
  {
    point: 'the replacement settles',
    reach: async () => {
      await waitForStatus(cluster, namespace, 'a move in flight', ({inFlight}) => inFlight !== undefined, {
        interval: 20,
      });
      return replicas(
        async (pods) =>
          pods.every((pod) => !isTerminating(pod) && isPodReady(pod)) &&
          (await workloadStatus(cluster, namespace))?.inFlight !== undefined &&
          (await evictionsOfNamespace()) > 0,
      )();
    },
  },
];
const lastPoints: Point[] = [
  {point: 'the last status is not written yet', reach: writes('sent', isFinalStatus)},
  {point: 'the last status is written', reach: writes('answered', isFinalStatus)},
];

async function evictionsOfNamespace(): Promise<number> {
  return (await cluster.evictions((eviction) => eviction.namespace === namespace)).length;
}

/** Runs the operator until the move is at that point, and kills it there. */
async function killAt({point, reach}: Point): Promise<void> {
  const reached = reach();
  const operator = await start();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`The move did not come to where ${point}`)), 60_000);
  });
  const letGo = await Promise.race([reached, late]).finally(() => clearTimeout(timer));
  await operator.kill('SIGKILL');
  letGo();
}

async function expectSpread(placement: number[], expectedMoves: number): Promise<void> {
  await waitForPlacement(cluster, namespace, 'web', placement, {timeout: 75_000});
  await waitForStatus(
    cluster,
    namespace,
    'spread',
    ({state, inFlight}) => state === 'Spread' && inFlight === undefined,
  );
  const evictions = await evictionsOfNamespace();
  moves.set(namespace, evictions);
  expect(evictions).toBe(expectedMoves);
}

describe('killed', () => {
  it.each([...points, ...lastPoints])(
    'when $point: the next one finishes the move, and makes no other',
    withOperatorLog(async (point) => {
      await place(cluster, namespace, deployment({rule: 'soft'}), [2, 0, 0]);
      await cluster.apply(policy(namespace, {injection: 'Disabled'}));

      await killAt(point);

      await start();
      const placement = await waitFor(
        'two nodes have a replica each',
        async () => {
          const nodes = (await podsOf(cluster, namespace, 'web'))
            .filter((pod) => !isTerminating(pod) && isPodReady(pod))
            .map(({spec}) => spec.nodeName);
          return nodes.length === 2 && new Set(nodes).size === 2 ? nodes : undefined;
        },
        {timeout: 60_000},
      );
      const names = (await cluster.nodes()).map(({metadata}) => metadata.name);
      await expectSpread(
        names.map((name) => (placement.includes(name) ? 1 : 0)),
        1,
      );
    }),
    limit,
  );

  it(
    'at every point of the same moves, one after the other: two moves spread three replicas',
    withOperatorLog(async () => {
      // Slow enough for a move to be killed again and again.
      const slow = {
        'spread-operator.test/start-milliseconds': '2500',
        'spread-operator.test/stop-milliseconds': '2500',
      };
      await place(cluster, namespace, deployment({rule: 'soft', podAnnotations: slow}), [3, 0, 0]);
      await cluster.apply(policy(namespace, {injection: 'Disabled', eviction: {settleSeconds: 3}}));
      const recorder = await ReadyRecorder.start(cluster, namespace, 'web');

      // An event is written by the process that evicted, which is dead by then; and who finds an announced move that
      // has not begun waits for half a minute.
      const [unannounced, , , ...begun] = points;
      const again = [unannounced, ...begun, ...lastPoints].filter(
        (point) => point !== undefined && point !== points[4],
      );
      for (const point of again as Point[]) {
        await killAt(point);
      }

      await start();
      await expectSpread([1, 1, 1], 2);
      await recorder.stop();
      expect(recorder.minReady).toBeGreaterThanOrEqual(2);
    }),
    180_000,
  );

  it(
    'while a second one stands by: that one takes over and finishes',
    withOperatorLog(async () => {
      await place(cluster, namespace, deployment({rule: 'soft'}), [4, 0, 0]);
      const first = await start({elect: true});
      const second = await start({elect: true, leading: false});
      const evicted = proxy.hold('answered', isEviction);
      await cluster.apply(policy(namespace, {injection: 'Disabled'}));

      const {drop} = await evicted;
      const ledBefore = second.linesOf('Leading').length;
      await first.kill('SIGKILL');
      drop();

      await second.waitForLine('Leading');
      await waitForStatus(cluster, namespace, 'spread', ({state}) => state === 'Spread', {timeout: 75_000});
      const evictions = await evictionsOfNamespace();
      moves.set(namespace, evictions);
      expect(ledBefore).toBe(0);
      expect(evictions).toBe(2);
    }),
    limit,
  );
});

describe('told to stop', () => {
  it.each<Point>([
    {point: 'the status that announces the move is being written', reach: passing('sent', isWriteAhead)},
    {point: 'the eviction is on its way', reach: passing('sent', isEviction)},
    {point: 'the eviction is being answered', reach: passing('answered', isEviction)},
    {
      point: 'the replacement is not Ready',
      reach: replicas((pods) => pods.some((pod) => !isTerminating(pod) && !isPodReady(pod))),
    },
  ])(
    'while $point: exits with 0 at once, gives the lease back, and the next one makes no move too many',
    withOperatorLog(async ({reach}) => {
      await place(cluster, namespace, deployment({rule: 'soft'}), [3, 0, 0]);
      await cluster.apply(policy(namespace, {injection: 'Disabled'}));
      const reached = reach();
      const operator = await start({elect: true});
      const letGo = await reached;

      const begin = Date.now();
      const stopped = operator.stop();
      await operator.waitForLine('Stopping');
      letGo();
      await stopped;
      const took = Date.now() - begin;

      const lease = await cluster.admin.get<{spec: {holderIdentity?: string}}>(
        '/apis/coordination.k8s.io/v1/namespaces/spread-operator-system/leases/spread-operator',
      );
      const next = await start({elect: true});
      const [waits, leads] = ['Waiting for the leader lease', 'Leading'].map((message) =>
        Date.parse(next.linesOf(message)[0]?.time ?? ''),
      );
      await expectSpread([1, 1, 1], 2);
      expect(lease.spec.holderIdentity ?? '').toBe('');
      expect(took).toBeLessThan(3000);
      // A lease that has to expire first takes 4 s and more.
      expect((leads ?? Number.NaN) - (waits ?? Number.NaN)).toBeLessThan(3500);
    }),
    limit,
  );

  function passing(moment: Moment, matches: (request: ProxiedRequest) => boolean): Point['reach'] {
    return async () => {
      const {pass} = await proxy.hold(
        moment,
        (request) => request.path.includes(`/namespaces/${namespace}/`) && matches(request),
      );
      return pass;
    };
  }
});

it('none of the operators that came later moved anything again, and nothing was forbidden', async () => {
  const evictions = await cluster.evictions();
  const counted = [...moves.keys()].map((name) => [
    name,
    evictions.filter((eviction) => eviction.namespace === name).length,
  ]);

  expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(moves));
  expect(await forbiddenRequests(cluster)).toEqual([]);
  expect(await grantedRights()).toContain(TO_FIND_OUT);
  expect(await usedRights(cluster)).toContain(TO_FIND_OUT);
});
