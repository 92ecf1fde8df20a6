import {describe, expect, it} from '@jest/globals';
import {ApiError, ConnectionError} from '../kube/api-error.ts';
import type {RequestOptions, Requests} from '../kube/client.ts';
import {ManualClock} from '../kube/testing/manual-clock.ts';
import {MemoryLog} from '../kube/testing/memory-log.ts';
import {LeaderElector} from './leader-election.ts';

interface Lease {
  metadata: {name: string; resourceVersion: string; labels?: object};
  spec: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    leaseTransitions?: number;
    renewTime?: string;
  };
}

const apiError = (code: number, reason: string) =>
  new ApiError({code, status: {reason, message: reason}, method: 'PUT', path: '/leases/operator'});

/** One lease with optimistic concurrency, as the API server keeps it. */
class LeaseServer {
  lease: Lease | undefined;
  /** For calls of this identity's client. */
  broken = new Map<string, Error | 'hangs'>();
  writes = 0;

  client(identity: string): Requests {
    return {request: <T>(options: RequestOptions) => this.#request(identity, options) as Promise<T>};
  }

  #request(identity: string, {method, body, signal}: RequestOptions): Promise<unknown> {
    const broken = this.broken.get(identity);
    if (broken === 'hangs') {
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      });
    }
    if (broken !== undefined) return Promise.reject(broken);
    const sent = structuredClone(body) as Lease;
    if (method === 'GET') {
      if (this.lease === undefined) return Promise.reject(apiError(404, 'NotFound'));
    } else if (method === 'POST') {
      if (this.lease !== undefined) return Promise.reject(apiError(409, 'AlreadyExists'));
      this.#write(sent);
    } else {
      if (sent.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
        return Promise.reject(apiError(409, 'Conflict'));
      }
      this.#write(sent);
    }
    return Promise.resolve({code: 200, body: structuredClone(this.lease)});
  }

  #write(lease: Lease): void {
    this.writes++;
    this.lease = {...lease, metadata: {...lease.metadata, resourceVersion: String(this.writes)}};
  }
}

function candidate(server: LeaseServer, clock: ManualClock, identity: string) {
  const log = new MemoryLog();
  const history: string[] = [];
  const stop = new AbortController();
  let leading = false;
  const elector = new LeaderElector({
    client: server.client(identity),
    namespace: 'spread-system',
    name: 'operator',
    identity,
    clock,
    log,
    random: () => 0,
  });
  const running = elector.run(
    {
      onStartedLeading: (signal) => {
        history.push('started');
        leading = true;
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            leading = false;
            history.push('told to stop');
            resolve();
          });
        });
      },
      onStoppedLeading: () => history.push('stopped'),
      onNewLeader: (leader) => history.push(`leader ${leader}`),
    },
    stop.signal,
  );
  return {elector, log, history, stop, running, isActing: () => leading};
}

const SECOND = 1_000;

describe('LeaderElector', () => {
  it('creates the lease, leads, and renews every two seconds', async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    const one = candidate(server, clock, 'one');

    await clock.advance(60 * SECOND);

    expect(one.history).toEqual(['leader one', 'started']);
    expect(one.elector.isLeader()).toBe(true);
    expect(server.writes).toBe(31);
    expect(server.lease?.spec).toMatchObject({
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:01:00.000000Z',
    });
    one.stop.abort();
    await one.running;
  });

  // Found by the fault tests: of the timers that are due after a standstill, that of a retry came before the lease's.
  it('does not let a process act that has stood still for longer than the lease lasts', async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    const one = candidate(server, clock, 'one');
    await clock.advance(20 * SECOND);
    const before = () => one.elector.assertLeading();
    expect(before).not.toThrow();

    const right = clock.now.bind(clock);
    clock.now = () => right() + 60 * SECOND;

    expect(() => one.elector.assertLeading()).toThrow(
      'Lease spread-system/operator: not renewed for 10 s; nothing is written any more',
    );
    expect(one.isActing()).toBe(false);
    one.stop.abort();
    await clock.advance(SECOND);
    await one.running;
  });

  it('gives the lease away when it stops, and the next one takes over within its retry period', async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    const one = candidate(server, clock, 'one');
    await clock.advance(SECOND);
    const two = candidate(server, clock, 'two');
    await clock.advance(30 * SECOND);

    one.stop.abort();
    await one.running;
    const released = server.lease?.spec.holderIdentity;
    await clock.advance(2 * SECOND);

    expect(released).toBe('');
    expect(one.history).toEqual(['leader one', 'started', 'told to stop', 'stopped']);
    expect(two.history).toEqual(['leader one', 'leader two', 'started']);
    expect(server.lease?.spec.leaseTransitions).toBe(1);
    two.stop.abort();
    await two.running;
    expect(clock.pending).toBe(0);
  });

  it.each(['hangs', new ConnectionError('reset', {method: 'PUT', path: '/'})] as const)(
    'stops acting before another one can take over when the API server is lost to it (%s)',
    async (broken) => {
      const server = new LeaseServer();
      const clock = new ManualClock();
      const one = candidate(server, clock, 'one');
      const two = candidate(server, clock, 'two');
      await clock.advance(21 * SECOND);
      const acting: number[] = [];

      server.broken.set('one', broken);
      for (let time = 0; time < 300; time++) {
        await clock.advance(100);
        acting.push(Number(one.isActing()) + Number(two.isActing()));
      }
      await one.running;

      expect(Math.max(...acting)).toBe(1);
      expect(one.history).toEqual(['leader one', 'started', 'told to stop', 'stopped']);
      expect(two.isActing()).toBe(true);
      // 10 s from the last renewal until it stops, at most 15 s + 2 s until the other one takes over.
      expect(acting.indexOf(0)).toBeGreaterThanOrEqual(80);
      expect(acting.lastIndexOf(0)).toBeLessThanOrEqual(170);
      two.stop.abort();
      await two.running;
    },
  );

  it('goes on after a short outage', async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    const one = candidate(server, clock, 'one');
    await clock.advance(SECOND);

    server.broken.set('one', apiError(503, 'ServiceUnavailable'));
    await clock.advance(6 * SECOND);
    server.broken.clear();
    await clock.advance(20 * SECOND);

    expect(one.history).toEqual(['leader one', 'started']);
    one.stop.abort();
    await one.running;
  });

  it('stops at once when the lease belongs to someone else', async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    const one = candidate(server, clock, 'one');
    await clock.advance(SECOND);

    server.lease = {
      metadata: {name: 'operator', resourceVersion: '99'},
      spec: {holderIdentity: 'intruder', leaseDurationSeconds: 15},
    };
    await clock.advance(2 * SECOND);
    await one.running;

    expect(one.isActing()).toBe(false);
    expect(server.lease.spec.holderIdentity).toBe('intruder');
  });

  it("does not believe the holder's clock: an old renewTime is no reason to take over", async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    server.lease = {
      metadata: {name: 'operator', resourceVersion: '1'},
      spec: {holderIdentity: 'other', leaseDurationSeconds: 15, renewTime: '2001-01-01T00:00:00.000000Z'},
    };
    const one = candidate(server, clock, 'one');

    await clock.advance(14 * SECOND);
    const early = one.isActing();
    await clock.advance(3 * SECOND);

    expect(early).toBe(false);
    expect(one.isActing()).toBe(true);
    one.stop.abort();
    await one.running;
  });

  it("keeps what others wrote into the lease's metadata", async () => {
    const server = new LeaseServer();
    server.lease = {
      metadata: {name: 'operator', resourceVersion: '1', labels: {team: 'shop'}},
      spec: {holderIdentity: ''},
    };
    const clock = new ManualClock();
    const one = candidate(server, clock, 'one');
    await clock.advance(SECOND);

    expect(server.lease.metadata.labels).toEqual({team: 'shop'});
    one.stop.abort();
    await one.running;
  });

  it('says once what is missing, and goes on trying', async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    server.broken.set('one', apiError(403, 'Forbidden'));
    const one = candidate(server, clock, 'one');

    await clock.advance(20 * SECOND);
    server.broken.set('one', apiError(404, 'NotFound'));
    await clock.advance(20 * SECOND);
    server.broken.clear();
    await clock.advance(2 * SECOND);

    expect(one.log.messages('warn')).toEqual([
      'Lease spread-system/operator: not allowed; grant the verbs get, create and update on resource "leases" of API group "coordination.k8s.io" in namespace spread-system to this service account. Trying again until then',
      'Lease spread-system/operator cannot be created: namespace spread-system does not exist; create it, or choose another one for the lease. Trying again until then',
    ]);
    expect(one.isActing()).toBe(true);
    one.stop.abort();
    await one.running;
  });

  it('refuses times that would let two act at once', () => {
    expect(
      () =>
        new LeaderElector({
          client: new LeaseServer().client('x'),
          namespace: 'a',
          name: 'b',
          identity: 'x',
          leaseDurationSeconds: 10,
          renewDeadlineSeconds: 10,
          clock: new ManualClock(),
          log: new MemoryLog(),
        }),
    ).toThrow('must last longer than the renew deadline');
  });

  it('gives the lease away when the work ends by itself', async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    const elector = new LeaderElector({
      client: server.client('one'),
      namespace: 'a',
      name: 'operator',
      identity: 'one',
      clock,
      log: new MemoryLog(),
    });

    const running = elector.run(
      {onStartedLeading: () => Promise.reject(new Error('broken'))},
      new AbortController().signal,
    );

    await expect(running).rejects.toThrow('broken');
    expect(server.lease?.spec.holderIdentity).toBe('');
  });
});
