/** A real kubectl against the simulated API server: every verb that needs no controller. */
import {execFile} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {ApiServer} from '../../src/simulator/apiserver/api-server.ts';
import {asObject} from '../../src/simulator/apiserver/json.ts';
import {ApiFace} from '../../src/simulator/http/api-face.ts';
import {ensureBinaries} from '../controlplane/binaries.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const labels = {app: 'web'};

let api: ApiServer;
let face: ApiFace;
let directory: string;
let program: string;

function manifest(replicas: number): string {
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name: 'web', namespace: 'shop', labels},
    spec: {
      replicas,
      selector: {matchLabels: labels},
      template: {metadata: {labels}, spec: {containers: [{name: 'main', image: 'web:1'}]}},
    },
  });
}

/** What it printed on both of its outputs; a failure is part of the story. */
async function kubectl(arguments_: string, input = '', user = 'admin'): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      arguments_.split(' '),
      {
        env: {
          HOME: directory,
          KUBECONFIG: join(directory, `${user}.kubeconfig`),
          PATH: process.env['PATH'] ?? '',
        },
        timeout: 60_000,
      },
      (_, stdout, stderr) => resolve(`${stdout}${stderr}`.trim()),
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function runningPod(name: string, node: string): void {
  api.create(
    'pods',
    {
      metadata: {
        name,
        namespace: 'shop',
        labels,
        ownerReferences: [
          {apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'a', controller: true},
        ],
      },
      spec: {containers: [{name: 'main', image: 'web:1'}]},
    },
    'test',
  );
  api.bind('shop', name, node);
  const containerStatuses = [
    {name: 'main', image: 'web:1', imageID: '', ready: true, restartCount: 0, state: {running: {}}},
  ];
  api.update(
    'pods',
    'shop',
    name,
    (object) => ({
      ...object,
      status: {
        phase: 'Running',
        containerStatuses,
        podIPs: [{ip: '10.0.0.1'}],
        conditions: [{type: 'Ready', status: 'True'}],
      },
    }),
    {actor: 'test', subresource: 'status'},
  );
}

beforeAll(async () => {
  const binaries = await ensureBinaries();
  program = binaries.path('kubectl');
  directory = await mkdtemp(join(tmpdir(), 'spread-operator-kubectl-'));
  api = new ApiServer({now: () => Date.now(), random: Math.random});
  const usage = {milliCpu: 250, memoryBytes: 512 * 2 ** 20};
  face = await ApiFace.start({
    api,
    users: [{user: 'viewer'}],
    usage: {node: () => usage, pod: () => ({main: usage})},
  });
  await Promise.all(
    ['admin', 'viewer'].map((user) => face.writeKubeconfig(join(directory, `${user}.kubeconfig`), user)),
  );
  const capacity = {cpu: '4', memory: '16Gi', pods: '110'};
  for (const name of ['node-1', 'node-2']) {
    api.create(
      'nodes',
      {
        metadata: {name},
        status: {
          capacity,
          conditions: [{type: 'Ready', status: 'True'}],
          nodeInfo: {kubeletVersion: 'v1.36.3'},
        },
      },
      'test',
    );
    api.update(
      'nodes',
      undefined,
      name,
      (object) => ({...object, spec: {...asObject(object['spec']), taints: []}}),
      {actor: 'test'},
    );
  }
  await kubectl('create namespace shop');
  await kubectl('create serviceaccount default --namespace shop');
}, 600_000);

afterAll(async () => {
  await face?.stop();
  await rm(directory, {recursive: true, force: true});
});

describe('kubectl', () => {
  it.each<{line: string; input?: string; user?: string; expected: RegExp}>([
    {line: 'version', expected: /Server Version: v1\.36/},
    {line: 'api-resources', expected: /^deployments +deploy +apps\/v1 +true +Deployment$/m},
    {
      line: `apply --kustomize ${root}config`,
      expected: /spreadpolicies\.spread-operator\.io created[\s\S]*deployment\.apps\/spread-operator created/,
    },
    {line: `apply --filename ${root}crds`, expected: /spreadpolicies\.spread-operator\.io unchanged/},
    {
      line: 'wait --for=condition=Established crd/spreadpolicies.spread-operator.io',
      expected: /condition met/,
    },
    {line: 'explain spreadpolicy.spec.eviction', expected: /minReplicas\t<integer>/},
    {line: 'explain deployment.spec.strategy', expected: /FIELD: strategy <DeploymentStrategy>/},
    {line: 'apply --filename -', input: manifest(3), expected: /deployment\.apps\/web created/},
    {line: 'apply --filename -', input: manifest(3), expected: /deployment\.apps\/web unchanged/},
    {line: 'apply --filename -', input: manifest(4), expected: /deployment\.apps\/web configured/},
    {
      line: 'apply --filename -',
      input: JSON.stringify({apiVersion: 'v1', kind: 'List', items: [JSON.parse(manifest(4))]}),
      expected: /deployment\.apps\/web unchanged/,
    },
    {line: 'diff --filename -', input: manifest(5), expected: /-  replicas: 4\n\+  replicas: 5/},
    {line: 'apply --server-side --filename -', input: manifest(4), expected: /serverside-applied/},
    {
      line: 'apply --server-side --field-manager other --filename -',
      input: manifest(6),
      expected: /Apply failed with 1 conflict: conflict with "kubectl": \.spec\.replicas/,
    },
    {
      line: 'apply --server-side --field-manager other --force-conflicts --filename -',
      input: manifest(6),
      expected: /serverside-applied/,
    },
    {
      line: 'get deployments --namespace shop',
      expected: /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/6 +0 +0 +\d+s$/,
    },
    {
      line: 'get deployments --namespace shop -o wide',
      expected: /CONTAINERS +IMAGES +SELECTOR[\s\S]*main +web:1 +app=web/,
    },
    {line: 'get deployment web --namespace shop -o jsonpath={.spec.replicas}', expected: /^6$/},
    {
      line: 'get deployment web --namespace shop -o yaml',
      expected: /^ {4}rollingUpdate:\n {6}maxSurge: 25%/m,
    },
    {line: 'describe deployment web --namespace shop', expected: /Replicas: +6 desired \| 0 updated/},
    {line: 'scale deployment web --namespace shop --replicas 2', expected: /deployment\.apps\/web scaled/},
    {line: 'set image deployment/web main=web:2 --namespace shop', expected: /image updated/},
    {line: 'rollout restart deployment/web --namespace shop', expected: /deployment\.apps\/web restarted/},
    {
      line: 'rollout status deployment/web --namespace shop --timeout 1s',
      expected: /Waiting for deployment spec update to be observed/,
    },
    {line: 'label deployment web --namespace shop tier=front', expected: /labeled/},
    {line: 'annotate deployment web --namespace shop note=x', expected: /annotated/},
    {line: 'patch deployment web --namespace shop -p {"spec":{"paused":true}}', expected: /patched/},
    {
      line: 'patch deployment web --namespace shop --type json -p [{"op":"remove","path":"/spec/paused"}]',
      expected: /patched/,
    },
    {
      line: 'create pdb web --namespace shop --selector app=web --max-unavailable 1',
      expected: /poddisruptionbudget\.policy\/web created/,
    },
    {line: 'get pdb --namespace shop', expected: /web +N\/A +1 +0 /},
    {
      line: 'create configmap settings --namespace shop --from-literal=a=b',
      expected: /configmap\/settings created/,
    },
    {line: 'autoscale deployment web --namespace shop --max 5', expected: /autoscaled/},
    {line: 'expose deployment web --namespace shop --port 80', expected: /service\/web exposed/},
    {
      line: 'get all --namespace shop',
      expected: /service\/web[\s\S]*deployment\.apps\/web[\s\S]*horizontalpodautoscaler\.autoscaling\/web/,
    },
    {line: 'cordon node-1', expected: /node\/node-1 cordoned/},
    {line: 'taint nodes node-1 key=value:NoSchedule', expected: /node\/node-1 tainted/},
    {line: 'get nodes', expected: /node-1 +Ready,SchedulingDisabled +<none>/},
    {line: 'describe node node-1', expected: /Taints: +key=value:NoSchedule[\s\S]*Unschedulable: +true/},
    {line: 'uncordon node-1', expected: /node\/node-1 uncordoned/},
    {line: 'top nodes', expected: /node-1 +250m +6% +512Mi +3%/},
    {line: 'auth can-i delete pods', expected: /^yes$/},
    {line: 'auth can-i delete pods', user: 'viewer', expected: /^no$/},
    {
      line: 'auth can-i list nodes --as system:serviceaccount:spread-operator-system:spread-operator',
      expected: /^yes/,
    },
    {line: 'auth whoami', user: 'viewer', expected: /Username +viewer/},
    {
      line: 'get pods',
      user: 'viewer',
      expected: /User "viewer" cannot list resource "pods" in API group "" in the namespace "default"/,
    },
    {line: 'create token spread-operator --namespace spread-operator-system', expected: /^eyJ/},
    {line: 'create deployment x --image a --namespace missing', expected: /namespaces "missing" not found/},
    {line: 'events --namespace shop', expected: /No events found/},
    {line: 'get pods --all-namespaces --field-selector spec.nodeName=node-1', expected: /No resources found/},
    {line: 'replace --filename -', input: manifest(1), expected: /deployment\.apps\/web replaced/},
    {line: 'delete deployment web --namespace shop', expected: /deployment\.apps "web" deleted/},
    {line: 'delete configmap settings --namespace shop', expected: /configmap "settings" deleted/},
  ])(
    '$line',
    async ({line, input, user, expected}) => {
      const output = await kubectl(line, input, user);

      expect(output).toMatch(expected);
    },
    60_000,
  );

  it('get --watch shows what happens', async () => {
    const watching = kubectl('get configmaps --namespace shop --watch-only --request-timeout 3s');
    await new Promise((resolve) => {
      setTimeout(resolve, 1500);
    });

    api.create('configmaps', {metadata: {name: 'later', namespace: 'shop'}, data: {a: 'b'}}, 'test');
    const output = await watching;

    expect(output).toMatch(/later +1 +\d+s/);
  }, 30_000);

  it('drain evicts within the budget, and says why it cannot', async () => {
    runningPod('web-a', 'node-2');
    const budget = {
      observedGeneration: 1,
      disruptionsAllowed: 0,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
    };
    api.update('poddisruptionbudgets.policy', 'shop', 'web', (object) => ({...object, status: budget}), {
      actor: 'test',
      subresource: 'status',
    });
    const pods = await kubectl('get pods --namespace shop -o wide');
    const refused = await kubectl('drain node-2 --timeout 2s');
    api.update(
      'poddisruptionbudgets.policy',
      'shop',
      'web',
      (object) => ({...object, status: {...budget, disruptionsAllowed: 1}}),
      {actor: 'test', subresource: 'status'},
    );

    const draining = kubectl('drain node-2 --timeout 20s');
    // The kubelet's part.
    const stop = api.onChange(({resource, type, object}) => {
      if (resource !== 'pods' || type === 'DELETED' || object.metadata.deletionTimestamp === undefined)
        return;
      api.delete('pods', 'shop', object.metadata.name, {actor: 'kubelet', gracePeriodSeconds: 0});
    });
    const output = await draining;
    stop();

    expect(pods).toMatch(/web-a +1\/1 +Running +0 +\d+s +10\.0\.0\.1 +node-2/);
    expect(refused).toMatch(/Cannot evict pod as it would violate the pod's disruption budget/);
    expect(output).toMatch(/pod\/web-a evicted\nnode\/node-2 drained/);
  }, 60_000);
});
