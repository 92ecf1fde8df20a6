// What controllers and scheduler have made of the objects of a cluster, without what must differ between two clusters:
// names with a hash in them, uids, addresses, times, and the order of things that have none.
import type {KubernetesObject} from '../../controlplane/admin.ts';
import type {RunningControlPlane} from '../../controlplane/running-control-plane.ts';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Listed extends KubernetesObject {
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown> & {readonly conditions?: readonly Condition[]};
}

interface Endpoint {
  readonly conditions?: object;
  readonly nodeName?: string;
  readonly targetRef?: {readonly kind: string; readonly name: string};
}

interface Slice extends KubernetesObject {
  readonly addressType: string;
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly object[] | null;
}

interface ListedEvent extends KubernetesObject {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: {readonly kind: string; readonly name: string};
  readonly source?: {readonly component?: string};
  readonly reportingComponent?: string;
}

/** By kind, and by what the object is called on both clusters. */
export type Picture = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const REVISION = 'deployment.kubernetes.io/revision';
/**
 * How far a rollout goes at a time depends on which pods are Ready first. Where it may go more than one pod at a time,
 * its end is compared, and not its steps: such a Deployment has this name.
 */
export const IN_ANY_STEPS = 'fleet';
/** Kubelets are not compared: on the real control plane KWOK stands in for them, and tells no events. */
const KUBELETS = new Set(['kubelet', 'kwok']);

export async function pictureOf(cluster: RunningControlPlane, namespace: string): Promise<Picture> {
  const {admin} = cluster;
  const list = <T extends KubernetesObject = Listed>(root: string, resource: string): Promise<T[]> =>
    admin.list<T>(`${root}/namespaces/${namespace}/${resource}`);
  const [deployments, replicaSets, pods, budgets, slices, events, nodes, namespaces] = await Promise.all([
    list('/apis/apps/v1', 'deployments'),
    list('/apis/apps/v1', 'replicasets'),
    list('/api/v1', 'pods'),
    list('/apis/policy/v1', 'poddisruptionbudgets'),
    list<Slice>('/apis/discovery.k8s.io/v1', 'endpointslices'),
    list<ListedEvent>('/api/v1', 'events'),
    cluster.nodes() as Promise<Listed[]>,
    admin.list<Listed>('/api/v1/namespaces'),
  ]);
  return {
    deployments: byName(deployments.map(deploymentPicture)),
    replicaSets: byName(replicaSets.map(replicaSetPicture)),
    pods: counted(pods.map(podPicture)),
    budgets: byName(budgets.map(budgetPicture)),
    endpointSlices: byName(slices.map(slicePicture)),
    nodes: byName(nodes.map(nodePicture)),
    namespaces: byName(namespaces.filter(({metadata}) => metadata.name === namespace).map(namespacePicture)),
    events: Object.fromEntries(events.filter(isCompared).map((event) => [eventText(event), 'told'])),
  };
}

/** How many values a picture has. */
export function fieldsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) {
    return 1;
  }
  return Object.values(value).reduce<number>((sum, each) => sum + fieldsOf(each), 0);
}

function deploymentPicture({metadata, spec, status}: Listed): [string, object] {
  return [
    metadata.name,
    {
      generation: metadata.generation,
      annotations: metadata.annotations,
      replicas: spec?.['replicas'],
      status: statusPicture(status),
    },
  ];
}

/** Called after its Deployment and revision: its own name has a hash. */
function replicaSetPicture({metadata, spec, status}: Listed): [string, object] {
  const {annotations = {}, ownerReferences = []} = metadata;
  const {observedGeneration, ...statusOfAnySteps} = statusPicture(status);
  const hasAnySteps = metadata.name.startsWith(`${IN_ANY_STEPS}-`);
  return [
    `${withoutHashes(metadata.name)} of revision ${annotations[REVISION] ?? 'none'}`,
    {
      annotations,
      owners: ownerReferences.map(({kind, name}) => `${kind} ${name}`),
      replicas: spec?.['replicas'],
      status: hasAnySteps ? statusOfAnySteps : {...statusOfAnySteps, observedGeneration},
    },
  ];
}

function podPicture({metadata, spec, status}: Listed): string {
  const [owner] = metadata.ownerReferences ?? [];
  return [
    withoutHashes(owner?.name ?? metadata.name),
    spec?.['nodeName'] ?? 'on no node',
    status?.['phase'],
    ...(metadata.deletionTimestamp === undefined ? [] : ['terminating']),
    ...conditionTexts(status?.conditions, ({type, reason}) =>
      // KWOK gives other reasons than a kubelet, or none.
      type === 'PodScheduled' || type === 'DisruptionTarget' ? (reason ?? '') : '',
    ),
  ].join(', ');
}

function budgetPicture({metadata, status}: Listed): [string, object] {
  const {disruptedPods: _, ...rest} = statusPicture(status);
  return [metadata.name, rest];
}

function slicePicture({metadata, addressType, endpoints, ports}: Slice): [string, object] {
  const texts = (endpoints ?? []).map(({conditions, nodeName, targetRef}) =>
    JSON.stringify([
      nodeName,
      targetRef?.kind,
      withoutHashes(targetRef?.name ?? ''),
      sorted(conditions ?? {}),
    ]),
  );
  return [
    metadata.labels?.['kubernetes.io/service-name'] ?? metadata.name,
    {
      addressType,
      endpoints: texts.sort(),
      ports: (ports ?? []).map((port) => JSON.stringify(sorted(port))).sort(),
    },
  ];
}

function nodePicture({metadata, spec, status}: Listed): [string, object] {
  const taints = (spec?.['taints'] ?? []) as readonly {key: string; value?: string; effect: string}[];
  return [
    metadata.name,
    {
      unschedulable: spec?.['unschedulable'] ?? false,
      taints: taints.map(({key, effect}) => `${key}:${effect}`).sort(),
      conditions: conditionTexts(
        status?.conditions?.filter(({type}) => type === 'Ready'),
        ({reason}) => reason ?? '',
      ),
    },
  ];
}

function namespacePicture({metadata, status}: Listed): [string, object] {
  return [metadata.name, {phase: status?.['phase']}];
}

function statusPicture({conditions, ...rest}: NonNullable<Listed['status']> = {}): Record<string, unknown> {
  return {
    ...rest,
    conditions: conditionTexts(
      conditions,
      ({reason, message}) => `${reason}: ${withoutHashes(message ?? '')}`,
    ),
  };
}

function conditionTexts(
  conditions: readonly Condition[] = [],
  detail: (condition: Condition) => string,
): string[] {
  return conditions
    .map((condition) => {
      const text = detail(condition);
      return `${condition.type}=${condition.status}${text === '' ? '' : ` (${text})`}`;
    })
    .sort();
}

function isCompared({source, reportingComponent}: ListedEvent): boolean {
  return !KUBELETS.has(source?.component || reportingComponent || '');
}

/** Not how often it was told: the real recorder puts events together as time allows. */
function eventText({type, reason, message, involvedObject, source, reportingComponent}: ListedEvent): string {
  const {kind, name} = involvedObject;
  const teller = source?.component || reportingComponent;
  const text = `${type} ${reason} of ${kind} ${withoutHashes(name)} by ${teller}: ${withoutHashes(message)}`;
  return name === IN_ANY_STEPS ? text.replace(/from \d+ to \d+$/, 'in some steps') : text;
}

/** `web-<hash>-<id>` of a pod, `web-<hash>` of a ReplicaSet. */
function withoutHashes(text: string): string {
  return text
    .replaceAll(
      /\b([a-z]+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g,
      '$1-<hash>-<id>',
    )
    .replaceAll(/\b([a-z]+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}\b/g, '$1-<hash>')
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| \+0000 UTC)/g, '<time>');
}

function byName(entries: readonly [string, object][]): Record<string, unknown> {
  return Object.fromEntries(entries);
}

/** Pods have no names that both clusters share: how many there are of each description. */
function counted(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) {
    counts[text] = (counts[text] ?? 0) + 1;
  }
  return counts;
}

function sorted(object: object): object {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null && value !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}
