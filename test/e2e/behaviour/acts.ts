// What is done to both clusters, one act after the other; after each the two are compared when nothing moves any more.
// The nodes have different sizes, so that the scheduler has one best node; where it has no choice to make, or where a
// ReplicaSet picks one of its equal pods at random, the act leaves it no tie.
import {ApiError, type KubernetesObject} from '../../controlplane/admin.ts';
import type {NodeSpec} from '../../controlplane/nodes.ts';
import type {RunningControlPlane} from '../../controlplane/running-control-plane.ts';
import {waitFor} from '../../controlplane/wait-for.ts';
import {podsOf} from '../../controlplane/workloads.ts';
import {budget, type DeploymentOptions, deployment} from '../../scenarios/manifests.ts';
import {IN_ANY_STEPS} from './picture.ts';

export interface Act {
  readonly title: string;
  /** What it returns is compared too. */
  readonly run: (cluster: RunningControlPlane) => Promise<unknown>;
}

export const nodes: NodeSpec[] = ['4', '5', '6', '7'].map((cpu) => ({cpu}));
export const namespace = 'behaviour';

const apps = `/apis/apps/v1/namespaces/${namespace}`;
const core = `/api/v1/namespaces/${namespace}`;
const neverReady = 'spread-operator.test/never-ready';
const requests = {cpu: '500m', memory: '256Mi'};

export const acts: Act[] = [
  act('a Deployment is created', (cluster) =>
    create(cluster, {name: 'web', replicas: 3, spec: strategy(1, 0)}),
  ),
  act('a Service and a budget select its pods', async (cluster) => {
    await cluster.apply([
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {name: 'web', namespace},
        spec: {selector: {app: 'web'}, ports: [{name: 'http', port: 80, targetPort: 8080}]},
      },
      budget(namespace, {maxUnavailable: 1}),
    ]);
  }),
  act('it is scaled up', (cluster) => scale(cluster, 'web', 5)),
  act('a pod that costs less to delete goes first when it is scaled down', async (cluster) => {
    await onPodOf(cluster, 'web', 'node-4', {
      annotations: {'controller.kubernetes.io/pod-deletion-cost': '-10'},
    });
    await scale(cluster, 'web', 4);
  }),
  act('a pod is not Ready any more', async (cluster) => {
    await cluster.setPodReady(await podOn(cluster, 'web', 'node-3'), false);
  }),
  act('an eviction beyond the budget', async (cluster) =>
    evict(cluster, await podOn(cluster, 'web', 'node-2')),
  ),
  act('the eviction of the pod that is not Ready', async (cluster) =>
    evict(cluster, await podOn(cluster, 'web', 'node-3')),
  ),
  act('an eviction within the budget', async (cluster) =>
    evict(cluster, await podOn(cluster, 'web', 'node-2')),
  ),
  act('a second budget on the same pods', async (cluster) => {
    await cluster.apply(budget(namespace, {name: 'second', minAvailable: '50%'}));
  }),
  act('an eviction under two budgets', async (cluster) =>
    evict(cluster, await podOn(cluster, 'web', 'node-2')),
  ),
  act('the second budget is deleted', async (cluster) => {
    await cluster.admin.delete(`/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/second`);
  }),
  act('a pod is deleted', async (cluster) => {
    const {metadata} = await podOn(cluster, 'web', 'node-2');
    await cluster.admin.delete(`${core}/pods/${metadata.name}`);
  }),
  act('a pod loses its label and is released', async (cluster) => {
    await onPodOf(cluster, 'web', 'node-2', {labels: {app: null}});
  }),
  act('a rolling update of the template', (cluster) =>
    setTemplate(cluster, 'web', {annotations: {version: '2'}}),
  ),
  act('a rolling update without a surge', (cluster) =>
    cluster.admin.patch(`${apps}/deployments/web`, {
      spec: {...strategy(0, 1), template: {metadata: {annotations: {version: '3'}}}},
    }),
  ),
  act('a Deployment that rolls out several pods at a time', (cluster) =>
    create(cluster, {name: IN_ANY_STEPS, replicas: 4, spec: strategy(2, 1)}),
  ),
  act('does so', (cluster) => setTemplate(cluster, IN_ANY_STEPS, {annotations: {version: '2'}})),
  act('by the default of a quarter, both rounded away from trouble', (cluster) =>
    cluster.admin.patch(`${apps}/deployments/${IN_ANY_STEPS}`, {
      spec: {...strategy('25%', '25%'), replicas: 5, template: {metadata: {annotations: {version: '3'}}}},
    }),
  ),
  act('and is deleted', async (cluster) => {
    await cluster.admin.delete(`${apps}/deployments/${IN_ANY_STEPS}`);
  }),
  act('a broken template stops its rollout', (cluster) =>
    cluster.admin.patch(`${apps}/deployments/web`, {
      spec: {
        progressDeadlineSeconds: 3,
        ...strategy(1, 0),
        template: {metadata: {annotations: {[neverReady]: 'true'}}},
      },
    }),
  ),
  act('scaled up in the middle of that rollout, in proportion', (cluster) => scale(cluster, 'web', 6)),
  act('the rollout is undone', (cluster) => kubectl(cluster, 'rollout undo deployment/web')),
  act('a change of annotations alone counts as a generation', (cluster) =>
    cluster.admin.patch(`${apps}/deployments/web`, {metadata: {annotations: {note: 'x'}}}),
  ),
  act('paused, a new template does nothing', async (cluster) => {
    await kubectl(cluster, 'rollout pause deployment/web');
    await setTemplate(cluster, 'web', {annotations: {version: '4'}});
  }),
  act('resumed, it is rolled out', (cluster) => kubectl(cluster, 'rollout resume deployment/web')),
  act('a limit of the history', (cluster) =>
    cluster.admin.patch(`${apps}/deployments/web`, {spec: {revisionHistoryLimit: 1}}),
  ),
  act('it is scaled to nothing', (cluster) => scale(cluster, 'web', 0)),
  act('a Deployment that recreates its pods', (cluster) =>
    create(cluster, {name: 'batch', replicas: 2, spec: {strategy: {type: 'Recreate'}}}),
  ),
  act('recreates them', (cluster) => setTemplate(cluster, 'batch', {annotations: {version: '2'}})),
  act('is deleted in the foreground', async (cluster) => {
    await cluster.admin.delete(`${apps}/deployments/batch`, {propagationPolicy: 'Foreground'});
  }),
  act('a Deployment waits for minReadySeconds', (cluster) =>
    create(cluster, {name: 'slow', replicas: 1, spec: {minReadySeconds: 2}}),
  ),
  act('is deleted, and leaves its ReplicaSet as an orphan', async (cluster) => {
    await cluster.admin.delete(`${apps}/deployments/slow`, {propagationPolicy: 'Orphan'});
  }),
  act('a Deployment of the same name adopts it', (cluster) =>
    create(cluster, {name: 'slow', replicas: 1, spec: {minReadySeconds: 2}}),
  ),
  act('is deleted in the background', async (cluster) => {
    await cluster.admin.delete(`${apps}/deployments/slow`, {propagationPolicy: 'Background'});
  }),
  act('a pod that is too large for any node', (cluster) =>
    create(cluster, {
      name: 'large',
      replicas: 1,
      requests: {cpu: '6500m'},
      podSpec: {nodeSelector: {size: 'l'}},
    }),
  ),
  act('a label lets one node take it', (cluster) =>
    cluster.admin.patch('/api/v1/nodes/node-4', {metadata: {labels: {size: 'l'}}}),
  ),
  act('a second one finds no room', (cluster) => scale(cluster, 'large', 2)),
  act('there is room when the first one is gone', async (cluster) => {
    await cluster.admin.delete(`${apps}/deployments/large`);
  }),
  act('hard anti-affinity leaves one replica without a node', (cluster) =>
    create(cluster, {name: 'apart', rule: 'hard', replicas: 5}),
  ),
  act('a new node takes it', (cluster) => cluster.addNodes([{cpu: '8'}])),
  act('a node is cordoned', (cluster) => cluster.cordon('node-5')),
  act('a node is drained', (cluster) => kubectl(cluster, 'drain node-5 --timeout=20s').then(withoutNames)),
  act('and takes pods again', (cluster) => cluster.uncordon('node-5')),
  act('a toleration of two seconds for lost nodes', (cluster) =>
    create(cluster, {
      name: 'brief',
      replicas: 2,
      podSpec: {
        nodeSelector: {'kubernetes.io/hostname': 'node-3'},
        tolerations: ['not-ready', 'unreachable'].map((key) => ({
          key: `node.kubernetes.io/${key}`,
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 2,
        })),
      },
    }),
  ),
  act('their node is lost: they are evicted, and the new ones find no node', (cluster) =>
    cluster.failNode('node-3'),
  ),
  act('the node is back', (cluster) => cluster.recoverNode('node-3')),
  act('a taint NoExecute evicts what does not tolerate it', (cluster) =>
    kubectl(cluster, 'taint nodes node-3 maintenance=now:NoExecute'),
  ),
  act('the taint is taken away', (cluster) => kubectl(cluster, 'taint nodes node-3 maintenance-')),
  act('the namespace is deleted', async (cluster) => {
    await cluster.admin.delete(`/api/v1/namespaces/${namespace}`);
  }),
];

function act(title: string, run: (cluster: RunningControlPlane) => Promise<unknown>): Act {
  return {title, run};
}

function strategy(maxSurge: number | string, maxUnavailable: number | string): {strategy: object} {
  return {strategy: {type: 'RollingUpdate', rollingUpdate: {maxSurge, maxUnavailable}}};
}

async function create(cluster: RunningControlPlane, options: DeploymentOptions): Promise<void> {
  await cluster.admin.create(`${apps}/deployments`, deployment({requests, ...options}));
}

async function scale(cluster: RunningControlPlane, name: string, replicas: number): Promise<void> {
  await cluster.admin.patch(`${apps}/deployments/${name}/scale`, {spec: {replicas}});
}

async function setTemplate(cluster: RunningControlPlane, name: string, metadata: object): Promise<void> {
  await cluster.admin.patch(`${apps}/deployments/${name}`, {spec: {template: {metadata}}});
}

async function podOn(cluster: RunningControlPlane, name: string, node: string): Promise<KubernetesObject> {
  return waitFor(`a pod of ${name} is on ${node}`, async () =>
    (await podsOf(cluster, namespace, name)).find(
      ({spec, metadata}) => spec.nodeName === node && metadata.deletionTimestamp === undefined,
    ),
  );
}

async function onPodOf(
  cluster: RunningControlPlane,
  name: string,
  node: string,
  metadata: object,
): Promise<void> {
  const pod = await podOn(cluster, name, node);
  await cluster.admin.patch(`${core}/pods/${pod.metadata.name}`, {metadata});
}

/** The answer, in a form that both clusters can give. */
async function evict(cluster: RunningControlPlane, {metadata}: KubernetesObject): Promise<string> {
  const {name} = metadata;
  try {
    await cluster.admin.create(`${core}/pods/${name}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: {name, namespace},
    });
    return 'evicted';
  } catch (error) {
    if (error instanceof ApiError) {
      return error.message.replaceAll(name, '<pod>');
    }
    throw error;
  }
}

async function kubectl(cluster: RunningControlPlane, commandLine: string): Promise<string> {
  return cluster.kubectl([
    ...commandLine.split(' '),
    ...(/^(?:drain|taint)/.test(commandLine) ? [] : ['--namespace', namespace]),
  ]);
}

/** kubectl names the pods that it evicts. */
function withoutNames(output: string): string {
  return output
    .replaceAll(/-[a-z0-9]{6,10}-[a-z0-9]{5}\b/g, '-<hash>-<id>')
    .split('\n')
    .sort()
    .join('\n');
}
