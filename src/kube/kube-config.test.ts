import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {currentNamespace, loadKubeConfig} from './kube-config.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kube-config-'));
});

afterEach(() => {
  rmSync(directory, {recursive: true});
});

function write(
  name: string,
  {server = 'https://10.0.0.1', context = name, user = {}, namespace = 'shop'} = {},
) {
  const path = join(directory, name);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: [{name: 'same-name', cluster: {server}}],
    users: [{name, user}],
    contexts: [{name, context: {cluster: 'same-name', user: name, namespace}}],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

describe('loadKubeConfig', () => {
  it('takes an explicit path before KUBECONFIG', () => {
    const config = loadKubeConfig({path: write('one'), env: {KUBECONFIG: write('two')}});

    expect(config.getCurrentContext()).toBe('one');
    expect(currentNamespace(config)).toBe('shop');
  });

  it('merges several files as kubectl does: the first mention wins, missing files are skipped', () => {
    const files = [
      join(directory, 'missing'),
      write('one', {server: 'https://one'}),
      write('two', {server: 'https://two'}),
    ];

    const config = loadKubeConfig({env: {KUBECONFIG: files.join(delimiter)}});

    expect(config.getCurrentContext()).toBe('one');
    expect(config.getContexts().map(({name}) => name)).toEqual(['one', 'two']);
    expect(config.getCurrentCluster()?.server).toBe('https://one');
  });

  it('chooses the context that it is told to', () => {
    const env = {KUBECONFIG: [write('one'), write('two')].join(delimiter)};

    expect(loadKubeConfig({context: 'two', env}).getCurrentUser()?.name).toBe('two');
    expect(() => loadKubeConfig({context: 'three', env})).toThrow(
      'has no context "three"; it has: one, two; choose one with --context',
    );
  });

  it('finds ~/.kube/config', () => {
    mkdirSync(join(directory, '.kube'));
    write('.kube/config', {context: '.kube/config'});

    expect(loadKubeConfig({env: {HOME: directory}}).getCurrentContext()).toBe('.kube/config');
  });

  it('uses the service account of a pod, whose token may be replaced at any time', async () => {
    const account = join(directory, 'var/run/secrets/kubernetes.io/serviceaccount');
    mkdirSync(account, {recursive: true});
    for (const [file, text] of [
      ['token', 'abc'],
      ['ca.crt', 'CA'],
      ['namespace', 'spread-system\n'],
    ] as const) {
      writeFileSync(join(account, file), text);
    }
    // client-node reads the address from the process's environment.
    process.env['KUBERNETES_SERVICE_HOST'] = '10.96.0.1';
    process.env['KUBERNETES_SERVICE_PORT'] = '443';

    const config = loadKubeConfig({
      env: {HOME: directory, KUBERNETES_SERVICE_HOST: '10.96.0.1'},
      serviceAccountPrefix: directory,
    });
    const options: {headers?: Record<string, string>} = {};
    await config.applyToHTTPSOptions(options);
    delete process.env['KUBERNETES_SERVICE_HOST'];
    delete process.env['KUBERNETES_SERVICE_PORT'];

    expect(config.getCurrentCluster()?.server).toBe('https://10.96.0.1:443');
    expect(currentNamespace(config)).toBe('spread-system');
    expect(options.headers).toEqual({Authorization: 'Bearer abc'});
  });

  it('follows the tokenFile of a user', async () => {
    writeFileSync(join(directory, 'token'), 'from-file');
    const config = loadKubeConfig({path: write('one', {user: {tokenFile: 'token'}})});
    const options: {headers?: Record<string, string>} = {};

    await config.applyToHTTPSOptions(options);

    expect(options.headers).toEqual({Authorization: 'Bearer from-file'});
  });

  it('allows plain http, which client-node refuses', () => {
    const config = loadKubeConfig({path: write('one', {server: 'http://127.0.0.1:8001'})});

    expect(config.getCurrentCluster()?.skipTLSVerify).toBe(true);
  });

  it.each([
    ['nothing at all', {}, 'no cluster to talk to: set KUBECONFIG or --kubeconfig'],
    [
      'no existing file',
      {KUBECONFIG: '/nowhere/a:/nowhere/b'},
      'KUBECONFIG names no existing file: /nowhere/a, /nowhere/b',
    ],
  ])('says what to do about %s', (_, env, message) => {
    expect(() => loadKubeConfig({env: {HOME: directory, ...env}})).toThrow(message);
  });

  it('names a file that is broken', () => {
    const path = join(directory, 'broken');
    writeFileSync(path, 'clusters: [{name: a}]');

    expect(() => loadKubeConfig({path})).toThrow(
      `kubeconfig ${path} is not valid: clusters[0].cluster is missing`,
    );
    expect(() => loadKubeConfig({path: '/nowhere/a'})).toThrow('kubeconfig /nowhere/a cannot be read');
  });
});
