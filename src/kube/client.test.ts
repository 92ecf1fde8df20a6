import {describe, expect, it} from '@jest/globals';
import {ApiError, ConnectionError, isNotFound, isTimeout, isTooManyRequests} from './api-error.ts';
import {KubeClient, type KubeClientOptions, type RequestMeasurement} from './client.ts';
import {
  FakeApiServer,
  type Handler,
  reply,
  sendEvent,
  startWatch,
  status,
} from './testing/fake-api-server.ts';
import {ManualClock} from './testing/manual-clock.ts';

async function setUp(handler: Handler, options: Partial<KubeClientOptions> = {}) {
  const server = await FakeApiServer.start(handler);
  const clock = new ManualClock();
  clock.skipSleeps = true;
  const measured: RequestMeasurement[] = [];
  const client = new KubeClient({
    load: () => server.kubeConfig(),
    version: '1.2.3',
    clock,
    random: () => 0.5,
    onRequest: (measurement) => measured.push(measurement),
    ...options,
  });
  return {
    server,
    clock,
    client,
    measured,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const error = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('KubeClient.request', () => {
  it('sends credentials, user agent, query and body, and returns the parsed answer', async () => {
    await using set = await setUp((_, response) => reply(response, 201, {metadata: {uid: 'u'}}));

    const {code, body} = await set.client.request<{metadata: {uid: string}}>({
      method: 'POST',
      path: '/api/v1/namespaces/shop/pods',
      query: {dryRun: 'All', force: undefined},
      body: {kind: 'Pod', metadata: {name: 'wéb'}},
    });

    expect({code, body}).toEqual({code: 201, body: {metadata: {uid: 'u'}}});
    expect(set.server.requests[0]).toMatchObject({
      method: 'POST',
      query: {dryRun: 'All'},
      body: {kind: 'Pod', metadata: {name: 'wéb'}},
      headers: {
        authorization: 'Bearer secret',
        'user-agent': 'spread-operator/1.2.3',
        'content-type': 'application/json',
        accept: 'application/json',
      },
    });
    expect(set.measured).toEqual([{verb: 'create', resource: 'pods', code: '201', seconds: 0}]);
  });

  it('shares connections among calls', async () => {
    await using set = await setUp((_, response) => reply(response, 200, {}));

    for (let call = 0; call < 20; call++) await set.client.request({method: 'GET', path: '/version'});

    // Two, because the next call may come before the last one's connection is seen to be free.
    expect(set.server.sockets.size).toBeLessThanOrEqual(2);
  });

  it('uses basic authentication', async () => {
    await using set = await setUp((_, response) => reply(response, 200, {}));
    await using client = Object.assign(
      new KubeClient({load: () => set.server.kubeConfig({username: 'ann', password: 'pass'})}),
      {
        async [Symbol.asyncDispose](this: KubeClient) {
          await this.close();
        },
      },
    );

    await client.request({method: 'GET', path: '/version'});

    expect(set.server.requests[0]?.headers.authorization).toBe(`Basic ${btoa('ann:pass')}`);
  });

  it('reads the configuration again after a 401, once', async () => {
    let token = 'old';
    const server = await FakeApiServer.start((request, response) =>
      request.headers.authorization === 'Bearer new'
        ? reply(response, 200, {})
        : reply(response, 401, status(401, 'Unauthorized')),
    );
    const client = new KubeClient({
      load: () => {
        const config = server.kubeConfig({token});
        token = 'new';
        return config;
      },
    });

    await client.request({method: 'POST', path: '/api/v1/namespaces', body: {}});

    expect(server.requests).toHaveLength(2);
    await client.close();
    await server[Symbol.asyncDispose]();
  });

  it('turns a Status into an error with its parts', async () => {
    const details = {name: 'web', kind: 'pods', causes: [{reason: 'DisruptionBudget', message: 'no'}]};
    await using set = await setUp((_, response) =>
      reply(response, 404, status(404, 'NotFound', 'pods "web" not found', details)),
    );

    const found = await error(set.client.request({method: 'GET', path: '/api/v1/namespaces/a/pods/web'}));

    expect(isNotFound(found)).toBe(true);
    expect(found).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'pods "web" not found',
      details,
      method: 'GET',
      path: '/api/v1/namespaces/a/pods/web',
    });
  });

  it('never puts a body that is no Status into the message', async () => {
    await using set = await setUp((_, response) => {
      response.writeHead(502, {'content-type': 'text/html'});
      response.end('<html>secret</html>');
    });

    const found = await error(set.client.request({method: 'GET', path: '/api/v1/pods'}));

    expect((found as Error).message).toBe('HTTP 502, without a Kubernetes Status');
    expect(found).toBeInstanceOf(ApiError);
  });

  it.each([429, 503])('waits as Retry-After says after a %i, then asks again', async (code) => {
    await using set = await setUp((_, response, index) =>
      index === 0
        ? reply(response, code, status(code, 'TooManyRequests'), {'retry-after': '3'})
        : reply(response, 200, {}),
    );

    await set.client.request({method: 'GET', path: '/api/v1/pods'});

    expect(set.clock.sleeps).toHaveLength(1);
    expect(set.clock.sleeps[0]).toBeGreaterThanOrEqual(3000);
    expect(set.clock.sleeps[0]).toBeLessThan(3500);
  });

  it('gives up after five attempts, with longer and longer pauses', async () => {
    await using set = await setUp((_, response) => reply(response, 503, status(503, 'ServiceUnavailable')));

    const found = await error(set.client.request({method: 'GET', path: '/api/v1/pods'}));

    expect((found as ApiError).code).toBe(503);
    expect(set.server.requests).toHaveLength(5);
    expect(set.clock.sleeps).toEqual([...set.clock.sleeps].sort((a, b) => a - b));
  });

  it('does not wait for a Retry-After of minutes', async () => {
    await using set = await setUp((_, response) =>
      reply(response, 429, status(429, 'TooManyRequests'), {'retry-after': '600'}),
    );

    const found = await error(set.client.request({method: 'GET', path: '/api/v1/pods'}));

    expect(isTooManyRequests(found)).toBe(true);
    expect((found as ApiError).retryAfterSeconds).toBe(600);
    expect(set.server.requests).toHaveLength(1);
  });

  it('asks again when the connection is cut, if that is safe', async () => {
    await using set = await setUp((_request, response, index) => {
      if (index === 0) response.destroy();
      else reply(response, 200, {});
    });

    await set.client.request({
      method: 'PATCH',
      path: '/apis/apps/v1/namespaces/a/deployments/web',
      contentType: 'application/apply-patch+yaml',
      body: {},
    });

    expect(set.server.requests).toHaveLength(2);
    expect(set.measured.map(({verb, code}) => `${verb} ${code}`)).toEqual(['apply error', 'apply 200']);
  });

  it('asks for permission before each attempt', async () => {
    let permits = 1;
    await using set = await setUp((_, response) => reply(response, 503, status(503, 'ServiceUnavailable')));
    const permit = () => {
      permits -= 1;
      if (permits < 0) throw new Error('the lease is lost');
    };

    const found = await error(set.client.request({method: 'GET', path: '/api/v1/pods', permit}));

    expect(found).toEqual(new Error('the lease is lost'));
    expect(set.server.requests).toHaveLength(1);
  });

  it.each(['cut', '429', '503'])('never asks twice for a POST (%s)', async (how) => {
    await using set = await setUp((_, response) => {
      if (how === 'cut') response.destroy();
      else reply(response, Number(how), status(Number(how), 'TooManyRequests'));
    });

    const found = await error(set.client.request({method: 'POST', path: '/api/v1/namespaces', body: {}}));

    expect(found).toBeInstanceOf(how === 'cut' ? ConnectionError : ApiError);
    expect(set.server.requests).toHaveLength(1);
  });

  it('times out by its own clock, and does not ask again', async () => {
    await using set = await setUp(() => {});

    const pending = error(
      set.client.request({method: 'GET', path: '/api/v1/pods', timeoutMilliseconds: 2000}),
    );
    await set.server.received(() => true);
    await set.clock.advance(2000);
    const found = await pending;

    expect(isTimeout(found)).toBe(true);
    expect((found as Error).message).toBe(`GET ${set.server.url}/api/v1/pods: no answer within 2 s`);
    expect(set.measured).toEqual([{verb: 'list', resource: 'pods', code: 'timeout', seconds: 2}]);
    expect(set.server.requests).toHaveLength(1);
    expect(set.clock.pending).toBe(0);
  });

  it('times out when the body stalls', async () => {
    await using set = await setUp((_, response) => {
      response.writeHead(200, {'content-type': 'application/json'});
      response.write('{"kind":');
    });

    const pending = error(set.client.request({method: 'GET', path: '/api/v1/pods'}));
    await set.server.received(() => true);
    // The headers are on their way; whether they are here or not, the limit is the same.
    await set.clock.advance(15_000);

    expect(isTimeout(await pending)).toBe(true);
  });

  it("fails with the signal's reason when it aborts", async () => {
    await using set = await setUp(() => {});
    const controller = new AbortController();

    const pending = error(
      set.client.request({method: 'GET', path: '/api/v1/pods', signal: controller.signal}),
    );
    await set.server.received(() => true);
    controller.abort(new Error('shutting down'));

    expect(await pending).toEqual(new Error('shutting down'));
    expect(set.server.requests).toHaveLength(1);
  });

  it('names server and cause when nothing listens', async () => {
    const server = await FakeApiServer.start();
    const config = server.kubeConfig();
    const {url} = server;
    await server[Symbol.asyncDispose]();
    const clock = new ManualClock();
    clock.skipSleeps = true;
    const client = new KubeClient({load: () => config, clock});

    const found = await error(client.request({method: 'GET', path: '/version'}));

    expect(found).toBeInstanceOf(ConnectionError);
    expect((found as Error).message).toMatch(`GET ${url}/version: connect ECONNREFUSED`);
    await client.close();
  });

  it('reads the configuration again after a watch was refused, for the next attempt', async () => {
    let loads = 0;
    const server = await FakeApiServer.start((_, response) =>
      reply(response, 401, status(401, 'Unauthorized')),
    );
    const client = new KubeClient({
      load: () => {
        loads++;
        return server.kubeConfig();
      },
    });

    for (let attempt = 0; attempt < 2; attempt++) {
      await error(client.watch('/api/v1/pods', {})[Symbol.asyncIterator]().next());
    }

    expect(loads).toBe(2);
    await client.close();
    await server[Symbol.asyncDispose]();
  });

  it('holds back what exceeds the rate limit, but not watches and what is urgent', async () => {
    await using set = await setUp(
      (request, response) => {
        startWatch(response);
        response.end(request.query['watch'] === 'true' ? '' : '{}');
      },
      {qps: 10, burst: 2},
    );

    for (let call = 0; call < 4; call++) await set.client.request({method: 'GET', path: '/version'});
    for await (const _ of set.client.watch('/api/v1/pods', {})) throw new Error('no event expected');
    await set.client.request({method: 'GET', path: '/version', isUrgent: true});

    expect(set.clock.sleeps).toEqual([100, 100]);
  });

  it('reads server versions of providers that decorate them', async () => {
    await using set = await setUp((_, response) =>
      reply(response, 200, {major: '1', minor: '31+', gitVersion: 'v1.31.4-eks'}),
    );

    expect(await set.client.serverVersion()).toEqual({major: 1, minor: 31, gitVersion: 'v1.31.4-eks'});
  });
});

describe('KubeClient.watch', () => {
  async function collect(handler: Handler) {
    await using set = await setUp(handler);
    const events: unknown[] = [];
    let failure: unknown;
    try {
      for await (const event of set.client.watch('/api/v1/pods', {resourceVersion: '7'})) events.push(event);
    } catch (caught) {
      failure = caught;
    }
    return {events, failure, query: set.server.requests[0]?.query};
  }

  it('yields events however the bytes are cut', async () => {
    const line = Buffer.from(`${JSON.stringify({type: 'ADDED', object: {name: 'Käse 🧀'}})}\n`);
    const bookmark = Buffer.from(`${JSON.stringify({type: 'BOOKMARK', object: {}})}\n`);

    const {events, query} = await collect(async (_, response) => {
      startWatch(response);
      for (const byte of line) {
        response.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end(Buffer.concat([line, bookmark]));
    });

    expect(query).toEqual({watch: 'true', resourceVersion: '7'});
    const added = {type: 'ADDED', object: {name: 'Käse 🧀'}};
    expect(events).toEqual([added, added, {type: 'BOOKMARK', object: {}}]);
  });

  it('copes with a very long line', async () => {
    const object = {text: 'ö'.repeat(3_000_000)};

    const {events} = await collect((_, response) => {
      startWatch(response);
      sendEvent(response, 'MODIFIED', object);
      response.end();
    });

    expect(events).toEqual([{type: 'MODIFIED', object}]);
  });

  it('throws what the server says instead of a stream', async () => {
    const {failure} = await collect((_, response) => reply(response, 410, status(410, 'Expired', 'too old')));

    expect(failure).toMatchObject({code: 410, reason: 'Expired', message: 'too old'});
  });

  it('throws when the connection is cut within an event', async () => {
    const {events, failure} = await collect((_, response) => {
      startWatch(response);
      sendEvent(response, 'ADDED', {});
      response.write('{"type":"ADD', () => response.destroy());
    });

    expect(events).toHaveLength(1);
    expect(failure).toBeInstanceOf(ConnectionError);
  });

  it('closes the connection when the reader stops', async () => {
    const closed = Promise.withResolvers<void>();
    await using set = await setUp((_, response) => {
      startWatch(response);
      sendEvent(response, 'ADDED', {});
      response.on('close', closed.resolve);
    });

    for await (const _ of set.client.watch('/api/v1/pods', {})) break;

    await expect(closed.promise).resolves.toBeUndefined();
  });

  it('has no time-out once it is open', async () => {
    await using set = await setUp((_, response) => {
      startWatch(response);
      sendEvent(response, 'BOOKMARK', {});
    });
    const controller = new AbortController();
    const watch = set.client.watch('/api/v1/pods', {}, controller.signal)[Symbol.asyncIterator]();

    await watch.next();
    await set.clock.advance(3_600_000);
    const next = error(watch.next());
    controller.abort(new Error('done'));

    expect(await next).toEqual(new Error('done'));
  });
});
