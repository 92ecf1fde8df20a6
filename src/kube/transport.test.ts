import {describe, expect, it} from '@jest/globals';
import {KubeConfig} from '@kubernetes/client-node';
import {ManualClock} from './testing/manual-clock.ts';
import {Transport} from './transport.ts';

function setUp() {
  const clock = new ManualClock();
  const user = {name: 'u', token: 'first\n'};
  const cluster = {name: 'c', server: 'https://127.0.0.1:1', skipTLSVerify: false, caData: btoa('CA')};
  let loads = 0;
  const transport = new Transport(() => {
    loads++;
    const config = new KubeConfig();
    config.loadFromClusterAndUser({...cluster}, {...user});
    return config;
  }, clock);
  return {clock, user, cluster, transport, loads: () => loads};
}

describe('Transport', () => {
  it('keeps calls and watches apart, and both for as long as the certificates are the same', async () => {
    const {transport, clock, user} = setUp();
    const first = await transport.connection();
    user.token = 'second';
    transport.reload();
    await clock.advance(60_000);

    const second = await transport.connection();

    expect(first.calls).not.toBe(first.watches);
    expect(second.calls).toBe(first.calls);
    expect(first.headers).toEqual({authorization: 'Bearer first'});
    expect(second.headers).toEqual({authorization: 'Bearer second'});
    await transport.close();
  });

  it('connects anew when the certificates changed', async () => {
    const {transport, cluster} = setUp();
    const first = await transport.connection();
    cluster.caData = btoa('another CA');
    transport.reload();

    const second = await transport.connection();

    expect(second.calls).not.toBe(first.calls);
    expect(second.watches).not.toBe(first.watches);
    await transport.close();
  });

  it('looks once for requests that begin together', async () => {
    const {transport, loads} = setUp();

    const [one, two] = await Promise.all([transport.connection(), transport.connection()]);

    expect(one).toBe(two);
    expect(loads()).toBe(1);
    await transport.close();
    await expect(transport.connection()).rejects.toThrow('closed');
  });
});
