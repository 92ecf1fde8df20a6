import type {ServerResponse} from 'node:http';
import {describe, expect, it} from '@jest/globals';
import {KubeClient} from './client.ts';
import {Reflector} from './reflector.ts';
import {Store, type StoredObject} from './store.ts';
import {
  FakeApiServer,
  type ReceivedRequest,
  reply,
  sendEvent,
  startWatch,
  status,
} from './testing/fake-api-server.ts';
import {ManualClock, settle} from './testing/manual-clock.ts';
import {MemoryLog} from './testing/memory-log.ts';

interface RawPod {
  metadata: {namespace?: string; name: string; uid: string; resourceVersion: string};
  spec?: {nodeName?: string};
}

const raw = (name: string, resourceVersion: string, uid = name): RawPod => ({
  metadata: {namespace: 'shop', name, uid, resourceVersion},
  spec: {nodeName: 'n1'},
});

const trim = ({metadata: {namespace, name, uid, resourceVersion}}: RawPod): StoredObject => ({
  ...(namespace === undefined ? {} : {namespace}),
  name,
  uid,
  resourceVersion,
});

const list = (resourceVersion: string, items: RawPod[] | null, continuation?: string) => ({
  kind: 'PodList',
  metadata: {resourceVersion, ...(continuation === undefined ? {} : {continue: continuation})},
  items,
});

const isWatch = ({query}: ReceivedRequest) => query['watch'] === 'true';
const isList = (request: ReceivedRequest) => !isWatch(request);

interface Script {
  list?: (response: ServerResponse, index: number, request: ReceivedRequest) => void;
  watch?: (response: ServerResponse, index: number, request: ReceivedRequest) => void;
}

/** A reflector of pods that runs against a scripted server; lists and watches count apart. */
async function run(script: Script, {path = '/api/v1/pods', skipSleeps = true} = {}) {
  let lists = 0;
  let watches = 0;
  const server = await FakeApiServer.start((request, response) => {
    if (isWatch(request)) (script.watch ?? startWatch)(response, watches++, request);
    else (script.list ?? ((r) => reply(r, 200, list('10', []))))(response, lists++, request);
  });
  const clock = new ManualClock();
  clock.skipSleeps = skipSleeps;
  const log = new MemoryLog();
  const store = new Store<StoredObject>();
  const changes: string[] = [];
  const changed: (() => void)[] = [];
  const note = (change: string) => {
    changes.push(change);
    for (const resolve of changed.splice(0)) resolve();
  };
  store.subscribe({
    added: ({uid}) => note(`added ${uid}`),
    updated: (before, after) =>
      note(`updated ${after.uid} ${before.resourceVersion}→${after.resourceVersion}`),
    deleted: ({uid}) => note(`deleted ${uid}`),
  });
  const notifications: string[] = [];
  const notify = (notification: string) => {
    notifications.push(notification);
    for (const resolve of changed.splice(0)) resolve();
  };
  const client = new KubeClient({load: () => server.kubeConfig(), clock});
  const reflector = new Reflector<RawPod, StoredObject>({
    client,
    path,
    store,
    trim,
    log,
    clock,
    random: () => 0.5,
    listener: {
      listed: ({objects, pages}) => notify(`listed ${objects} in ${pages}`),
      watchStarted: ({resourceVersion}) => notify(`watching from ${resourceVersion}`),
      watchRestarted: ({reason}) => notify(`restarted: ${reason}`),
      expired: () => notify('expired'),
      failed: () => notify('failed'),
    },
  });
  const running = reflector.run();
  return {
    server,
    clock,
    log,
    store,
    changes,
    notifications,
    reflector,
    running,
    async seen(change: string) {
      while (!changes.includes(change)) await new Promise<void>((resolve) => changed.push(resolve));
    },
    async told(notification: string) {
      while (!notifications.includes(notification)) {
        await new Promise<void>((resolve) => changed.push(resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      reflector.stop();
      await running;
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A watch that is open, and on which nothing comes but what `tell` sends. */
async function runSilently() {
  let first: ServerResponse | undefined;
  const set = await run(
    {
      watch: (response, index) => {
        startWatch(response);
        if (index === 0) first = response;
      },
    },
    {skipSleeps: false},
  );
  await set.server.received(isWatch);
  const tell = async () => {
    if (first !== undefined) sendEvent(first, 'ADDED', raw('a', '30'));
    await set.seen('added a');
  };
  return {...set, tell};
}

describe('Reflector', () => {
  it('lists, then watches from there with bookmarks and a random end', async () => {
    await using set = await run({
      list: (response) => reply(response, 200, list('10', [raw('a', '7'), raw('b', '9')])),
    });

    await set.reflector.synced();
    await set.told('watching from 10');

    expect(set.reflector.hasSynced()).toBe(true);
    expect(set.changes).toEqual(['added a', 'added b']);
    expect(set.server.requests[0]?.query).toEqual({limit: '500'});
    expect(set.server.requests[1]?.query).toEqual({
      watch: 'true',
      resourceVersion: '10',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '450',
    });
    expect(set.notifications).toEqual(['listed 2 in 1', 'watching from 10']);
  });

  it('reads all pages, and an empty list that says null', async () => {
    await using set = await run({
      list: (response, index) =>
        reply(
          response,
          200,
          [list('10', [raw('a', '1')], 'two'), list('10', null, 'three'), list('10', [raw('c', '1')])][index],
        ),
    });

    await set.reflector.synced();

    expect(set.store.size).toBe(2);
    expect(set.server.requests.filter(isList).map(({query}) => query['continue'])).toEqual([
      undefined,
      'two',
      'three',
    ]);
  });

  it('lists everything at once when the continue token expires', async () => {
    await using set = await run({
      list: (response, index) => {
        if (index === 0) reply(response, 200, list('10', [raw('a', '1')], 'two'));
        else if (index === 1) reply(response, 410, status(410, 'Expired'));
        else reply(response, 200, list('20', [raw('b', '1'), raw('c', '1')]));
      },
    });

    await set.reflector.synced();
    await set.told('watching from 20');

    expect([...set.store.values()].map(({name}) => name)).toEqual(['b', 'c']);
    expect(set.server.requests[2]?.query).toEqual({});
    expect(set.notifications).toEqual(['listed 2 in 2', 'watching from 20']);
  });

  it('follows the events, and resumes after the last one of them when the server ends the watch', async () => {
    await using set = await run({
      list: (response) => reply(response, 200, list('10', [raw('a', '7')])),
      watch: (response, index) => {
        startWatch(response);
        if (index > 0) return;
        sendEvent(response, 'ADDED', raw('b', '11'));
        sendEvent(response, 'MODIFIED', raw('a', '12'));
        sendEvent(response, 'DELETED', raw('b', '13'));
        sendEvent(response, 'BOOKMARK', {metadata: {resourceVersion: '50'}});
        response.end();
      },
    });

    await set.told('watching from 50');

    expect(set.changes).toEqual(['added a', 'added b', 'updated a 7→12', 'deleted b']);
    expect(set.server.requests.at(-1)?.query['resourceVersion']).toBe('50');
    expect(set.server.requests.filter(isList)).toHaveLength(1);
    expect(set.notifications).toEqual([
      'listed 1 in 1',
      'watching from 10',
      'restarted: ended',
      'watching from 50',
    ]);
    expect(set.clock.sleeps).toEqual([]);
  });

  it('resumes without a list when the connection is cut', async () => {
    await using set = await run({
      watch: (response, index) => {
        startWatch(response);
        if (index === 0) {
          sendEvent(response, 'ADDED', raw('a', '11'));
          response.write('{"type":"ADDED","obj', () => response.destroy());
        } else {
          sendEvent(response, 'ADDED', raw('b', '12'));
        }
      },
    });

    await set.seen('added b');

    expect(set.server.requests.filter(isWatch).map(({query}) => query['resourceVersion'])).toEqual([
      '10',
      '11',
    ]);
    expect(set.server.requests.filter(isList)).toHaveLength(1);
    expect(set.log.messages('warn')).toEqual(['The watch of pods was cut']);
    expect(set.log.messages('info')).toEqual(['In step with the API server again']);
    expect(set.clock.sleeps).toEqual([1200]);
  });

  it('resumes without a list after a 429 and a 503', async () => {
    await using set = await run({
      watch: (response, index) => {
        if (index < 2) return reply(response, index === 0 ? 429 : 503, status(429, 'TooManyRequests'));
        startWatch(response);
        sendEvent(response, 'ADDED', raw('a', '11'));
      },
    });

    await set.seen('added a');

    expect(set.server.requests.filter(isList)).toHaveLength(1);
    expect(set.clock.sleeps).toEqual([1200, 2400]);
  });

  it.each([
    ['answer', (response: ServerResponse) => reply(response, 410, status(410, 'Gone'))],
    [
      'event',
      (response: ServerResponse) => {
        startWatch(response);
        sendEvent(response, 'ERROR', status(410, 'Expired', 'too old resource version'));
        response.end();
      },
    ],
    [
      'resourceVersion that is ahead of the server, as after a restore,',
      (response: ServerResponse) =>
        reply(
          response,
          504,
          status(504, 'Timeout', 'Too large resource version', {
            causes: [{reason: 'ResourceVersionTooLarge', message: 'Too large resource version'}],
          }),
        ),
    ],
  ])('lists again after a 410 as %s and tells only what changed', async (_, expire) => {
    await using set = await run({
      list: (response, index) =>
        reply(
          response,
          200,
          [list('10', [raw('a', '7'), raw('b', '8')]), list('90', [raw('b', '80')])][index],
        ),
      watch: (response, index) => (index === 0 ? expire(response) : startWatch(response)),
    });

    await set.told('watching from 90');

    expect(set.changes).toEqual(['added a', 'added b', 'deleted a', 'updated b 8→80']);
    // Whether the first watch counts as begun depends on how it was refused.
    expect(set.notifications.filter((each) => each !== 'watching from 10')).toEqual([
      'listed 2 in 1',
      'expired',
      'listed 1 in 1',
      'watching from 90',
    ]);
    expect(set.server.requests.at(-1)?.query['resourceVersion']).toBe('90');
    expect(set.log.messages('warn')).toEqual([]);
  });

  it('lists again at once after an old list, but not in a hot loop', async () => {
    await using set = await run(
      {watch: (response) => reply(response, 410, status(410, 'Expired'))},
      {skipSleeps: false},
    );
    await set.server.received(isWatch);
    await set.clock.advance(1_200);
    await set.server.received(isWatch, 2);
    await set.clock.advance(0);

    expect(set.clock.sleeps).toEqual([1200, 2400]);

    await set.clock.advance(2_399);
    expect(set.server.requests.filter(isList)).toHaveLength(2);
  });

  it('reports recovery as soon as the watch is accepted, before any event', async () => {
    const opened = Promise.withResolvers<ServerResponse>();
    await using set = await run({
      watch: (response, index) => {
        if (index === 0) {
          response.destroy();
          return;
        }
        startWatch(response);
        opened.resolve(response);
      },
    });
    await opened.promise;
    while (set.reflector.problem() !== undefined) await settle();

    expect(set.log.messages('info')).toEqual(['In step with the API server again']);
    expect(set.notifications).toEqual(['listed 0 in 1', 'restarted: error', 'failed', 'watching from 10']);
  });

  it('resumes after an ERROR event of another kind', async () => {
    await using set = await run({
      watch: (response, index) => {
        startWatch(response);
        if (index === 0) {
          sendEvent(response, 'ERROR', status(500, 'InternalError', 'etcd leader changed'));
          response.end();
        } else sendEvent(response, 'ADDED', raw('a', '11'));
      },
    });

    await set.seen('added a');

    expect(set.server.requests.filter(isList)).toHaveLength(1);
    expect(set.log.lines[0]?.meta['error']).toBe('GET /api/v1/pods: etcd leader changed (500 InternalError)');
  });

  it('connects again after 150 silent seconds, but not while bookmarks come', async () => {
    await using set = await runSilently();
    await set.clock.advance(100_000);
    await set.tell();

    await set.clock.advance(149_000);
    const before = set.server.requests.filter(isWatch).length;
    await set.clock.advance(1_000);
    await set.server.received(isWatch, 2);

    expect(before).toBe(1);
    expect(set.server.requests.at(-1)?.query['resourceVersion']).toBe('30');
    expect(set.notifications).toContain('restarted: inactive');
    expect(set.server.requests.filter(isList)).toHaveLength(1);
  });

  // Found by the fault tests.
  it('gives up a silent watch although the clock was set back by an hour', async () => {
    await using set = await runSilently();
    await set.tell();

    const right = set.clock.now.bind(set.clock);
    set.clock.now = () => right() - 3_600_000;
    await set.clock.advance(300_000);
    await set.server.received(isWatch, 2);

    expect(set.notifications).toContain('restarted: inactive');
  });

  // Found by the fault tests.
  it('gives up a silent watch at once when the process has stood still for the rest of the time', async () => {
    await using set = await runSilently();
    await set.clock.advance(1000);
    await set.tell();

    const onTime = set.clock.now.bind(set.clock);
    set.clock.now = () => onTime() + 45_000;
    await set.clock.advance(149_000);
    await set.server.received(isWatch, 2);

    expect(set.notifications).toContain('restarted: inactive');
  });

  it('does not hammer a server that ends every watch at once', async () => {
    await using set = await run({
      watch: (response, index) => {
        startWatch(response);
        if (index < 3) response.end();
      },
    });

    await set.server.received(isWatch, 4);

    expect(set.clock.sleeps).toEqual([1200, 2400, 4800]);
  });

  it('notices an object that was deleted and created again between two events', async () => {
    await using set = await run({
      list: (response) => reply(response, 200, list('10', [raw('web-0', '7', 'old')])),
      watch: (response) => {
        startWatch(response);
        sendEvent(response, 'MODIFIED', raw('web-0', '11', 'new'));
      },
    });

    await set.seen('added new');

    expect(set.changes).toEqual(['added old', 'deleted old', 'added new']);
  });

  it('says once, in words, that a CRD is missing, and goes on when it is there', async () => {
    const path = '/apis/spread-operator.io/v1alpha1/spreadpolicies';
    await using set = await run(
      {
        list: (response, index) =>
          index < 4
            ? reply(
                response,
                404,
                status(404, 'NotFound', 'the server could not find the requested resource'),
              )
            : reply(response, 200, list('10', [raw('a', '1')])),
      },
      {path},
    );

    await set.seen('added a');

    expect(set.log.messages('warn')).toEqual([
      `The API server does not know spreadpolicies.spread-operator.io (${path}); install its CustomResourceDefinition, or check that the cluster's version serves it. Trying again until then`,
    ]);
    expect(set.log.messages('info')).toEqual(['In step with the API server again']);
    expect(set.reflector.problem()).toBeUndefined();
    expect(set.clock.sleeps).toEqual([1200, 2400, 4800, 9600]);
  });

  it('says which permission is missing', async () => {
    await using set = await run(
      {
        list: (response, index) =>
          index < 2
            ? reply(response, 403, status(403, 'Forbidden', 'deployments.apps is forbidden'))
            : reply(response, 200, list('10', [raw('a', '1')])),
      },
      {path: '/apis/apps/v1/namespaces/shop/deployments'},
    );

    await set.seen('added a');

    expect(set.log.messages('warn')).toEqual([
      'Not allowed to list deployments.apps in namespace shop; grant the verbs get, list and watch on resource "deployments" of API group "apps" to this service account. Trying again until then',
    ]);
  });

  it('lists again when the resource itself is gone', async () => {
    await using set = await run({
      list: (response, index) => reply(response, 200, list(index === 0 ? '10' : '20', [])),
      watch: (response, index) => (index === 0 ? reply(response, 404, 'not found') : startWatch(response)),
    });

    await set.server.received(isWatch, 2);

    expect(set.server.requests.at(-1)?.query['resourceVersion']).toBe('20');
  });

  it('survives an object that it cannot read', async () => {
    await using set = await run({
      watch: (response) => {
        startWatch(response);
        sendEvent(response, 'ADDED', {});
        sendEvent(response, 'ADDED', raw('a', '11'));
      },
    });

    await set.seen('added a');

    expect(set.log.messages('error')).toEqual(['An object of a watch event could not be read']);
  });

  it('ends when it is stopped, whatever it is doing', async () => {
    const set = await run({list: () => {}});
    await set.server.received(isList);

    await set[Symbol.asyncDispose]();

    expect(set.reflector.hasSynced()).toBe(false);
    expect(set.clock.pending).toBe(0);
    expect(set.log.lines).toEqual([]);
  });

  it('rejects who waits for it with the reason of the signal', async () => {
    await using set = await run({list: () => {}});
    const controller = new AbortController();

    const waiting = set.reflector.synced(controller.signal);
    controller.abort(new Error('enough'));

    await expect(waiting).rejects.toThrow('enough');
    await settle();
  });
});
