import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {FakeApiServer, type Handler, reply, status} from '../../kube/testing/fake-api-server.ts';
import {cliIo} from '../testing/run-cli.ts';
import {readLiveCluster} from './live-cluster.ts';

describe('cli/source/live-cluster', () => {
  let directory: string;
  let kubeconfig: string;
  let server: FakeApiServer;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spread-live-'));
    kubeconfig = join(directory, 'kubeconfig');
    server = await FakeApiServer.start();
    const config = server.kubeConfig();
    config.setCurrentContext(config.getContexts()[0]?.name ?? '');
    await writeFile(kubeconfig, config.exportConfig());
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, {recursive: true, force: true});
  });

  /** What the paths answer that are named; all others are empty lists. */
  function answer(by: Readonly<Record<string, [number, object]>>): Handler {
    return ({path}, response) => {
      const [code, body] = by[path] ?? [200, path === '/version' ? {major: '1', minor: '36+'} : {items: []}];
      reply(response, code, body);
    };
  }

  it('reads what it may, and notes what it may not or what there is none of', async () => {
    server.on(
      answer({
        '/api/v1/nodes': [200, {items: [{metadata: {name: 'node-1'}}]}],
        '/apis/storage.k8s.io/v1/csinodes': [403, status(403, 'Forbidden', 'csinodes is forbidden')],
        '/apis/metrics.k8s.io/v1beta1/pods': [404, status(404, 'NotFound')],
        '/apis/spread-operator.io/v1alpha1/spreadpolicies': [404, status(404, 'NotFound')],
      }),
    );

    const picture = await readLiveCluster({kubeconfig}, cliIo());

    expect(picture).toMatchObject({
      namespace: 'default',
      server: {major: 1, minor: 36},
      objects: [{apiVersion: 'v1', kind: 'Node', metadata: {name: 'node-1'}}],
      missing: [
        {
          resource: 'storage.k8s.io/v1 csinodes',
          reason: 'the right is missing: list csinodes.storage.k8s.io in all namespaces',
        },
        {
          resource: 'spread-operator.io/v1alpha1 spreadpolicies',
          reason: 'SpreadPolicies are not installed in this cluster',
        },
        {
          resource: 'metrics.k8s.io/v1beta1 pods',
          reason: 'there is no metrics server, so what CPU is used is not known',
        },
      ],
    });
  });

  it('names every right that it cannot do without', async () => {
    const forbidden: [number, object] = [403, status(403, 'Forbidden', 'no')];
    server.on(answer({'/api/v1/nodes': forbidden, '/apis/apps/v1/deployments': forbidden}));

    await expect(readLiveCluster({kubeconfig}, cliIo())).rejects.toThrow(
      /you may not read enough of the cluster: list nodes, deployments\.apps in all namespaces; ask for .*--snapshot/,
    );
  });

  it('asks only for the lease of the operator', async () => {
    server.on(answer({}));

    await readLiveCluster({kubeconfig}, cliIo());

    const leases = server.requests.filter(({path}) => path.endsWith('/leases'));
    expect(leases.map(({query}) => query['fieldSelector'])).toContain('metadata.name=spread-operator');
  });
});
