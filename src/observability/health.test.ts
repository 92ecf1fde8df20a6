import {describe, expect, it} from '@jest/globals';
import {type Check, HealthServer, parseAddress} from './health.ts';

async function get(server: HealthServer, path: string, init: RequestInit = {}) {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
  return {status: response.status, text: await response.text()};
}

const start = (readiness: Record<string, Check> = {}) =>
  HealthServer.start({
    address: '127.0.0.1:0',
    liveness: {loop: () => undefined},
    readiness,
    metrics: {contentType: 'text/plain', render: () => Promise.resolve('metric 1\n')},
  });

describe('HealthServer', () => {
  it('is ready when every check is', async () => {
    await using server = await start({pods: () => undefined});

    expect(await get(server, '/healthz')).toEqual({status: 200, text: '[+]loop ok\nok\n'});
    expect(await get(server, '/readyz')).toEqual({status: 200, text: '[+]pods ok\nok\n'});
    expect(await get(server, '/metrics')).toEqual({status: 200, text: 'metric 1\n'});
  });

  it('says what is missing, as text and as JSON', async () => {
    await using server = await start({
      nodes: () => undefined,
      pods: () => 'not listed yet',
      broken: () => {
        throw new Error('a bug');
      },
    });

    expect(await get(server, '/readyz')).toEqual({
      status: 503,
      text: '[+]nodes ok\n[-]pods failed: not listed yet\n[-]broken failed: a bug\nfailed\n',
    });
    const {text} = await get(server, '/readyz', {headers: {accept: 'application/json'}});
    expect(JSON.parse(text)).toEqual({
      status: 'failed',
      checks: [
        {name: 'nodes', ok: true},
        {name: 'pods', ok: false, reason: 'not listed yet'},
        {name: 'broken', ok: false, reason: 'a bug'},
      ],
    });
    expect((await get(server, '/healthz')).status).toBe(200);
  });

  it('knows no other paths or methods', async () => {
    await using server = await start();

    expect((await get(server, '/')).status).toBe(404);
    expect((await get(server, '/healthz', {method: 'POST'})).status).toBe(405);
  });

  it('names the address that it cannot have', async () => {
    await using server = await start();

    await expect(
      HealthServer.start({address: `127.0.0.1:${server.port}`, liveness: {}, readiness: {}}),
    ).rejects.toThrow(`cannot listen on 127.0.0.1:${server.port}: listen EADDRINUSE`);
  });
});

describe('parseAddress', () => {
  it.each([
    [':8080', {host: undefined, port: 8080}],
    ['127.0.0.1:0', {host: '127.0.0.1', port: 0}],
    ['[::1]:9090', {host: '::1', port: 9090}],
    ['localhost:80', {host: 'localhost', port: 80}],
  ])('%s', (address, expected) => {
    expect(parseAddress(address)).toEqual(expected);
  });

  it.each(['8080', 'localhost', ':99999', '::1:80', ''])('refuses %j', (address) => {
    expect(() => parseAddress(address)).toThrow('expected host:port');
  });
});
