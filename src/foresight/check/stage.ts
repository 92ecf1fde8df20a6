/**
 * The manifests applied to the cluster of the picture, in the simulation, until it is at rest: what the rules judge.
 * Pure: values in, values out.
 */

import {spreadPolicyCrd} from '../../api/crd.ts';
import {API_VERSION, FIELD_MANAGER, GROUP, KIND, PLURAL} from '../../api/names.ts';
import type {PlacementRule} from '../../injection/rule.ts';
import {StatusError} from '../../simulator/apiserver/status-error.ts';
import type {ApiObject, ResourceName} from '../../simulator/cluster-api.ts';
import {resourceOf} from '../../simulator/manifests.ts';
import {DEPLOYMENTS, fromKey, keyOf, NODES} from '../../simulator/objects.ts';
import type {SimulatedCluster} from '../../simulator/simulated-cluster.ts';
import type {ClusterPicture} from '../cluster-picture.ts';
import {simulationOf} from '../simulation.ts';
import {inServedVersion} from './api-versions.ts';
import {withReplicasOfAutoscalers} from './autoscaled.ts';
import {expandDaemonSet, expandStatefulSet} from './expand.ts';
import {type FieldPath, fieldPath, type ManifestObject} from './manifest-object.ts';
import {podTemplateOf, withRule} from './pod-templates.ts';
import {prepared} from './prepared.ts';
import {advanceToRest} from './rest.ts';

export interface StageRequest {
  readonly picture: ClusterPicture;
  readonly manifests: readonly ManifestObject[];
  /** Of manifests that name no namespace. */
  readonly defaultNamespace: string;
  /** Takes pods; all others are cordoned while the manifests are applied, as during an upgrade of the nodes. */
  readonly onlyNode?: string;
  /** What the operator injects, by `namespace/name` of the Deployment. */
  readonly rules?: ReadonlyMap<string, PlacementRule>;
}

/** A manifest that the cluster took. */
export interface AppliedManifest {
  readonly manifest: ManifestObject;
  readonly namespace?: string;
  readonly resource: ResourceName;
}

export interface RefusedManifest {
  readonly manifest: ManifestObject;
  readonly namespace?: string;
  readonly causes: readonly {readonly field?: FieldPath; readonly message: string}[];
}

export interface Stage {
  readonly request: StageRequest;
  readonly cluster: SimulatedCluster;
  readonly applied: readonly AppliedManifest[];
  readonly refused: readonly RefusedManifest[];
  /** How many manifests of each kind play no part here. */
  readonly ignored: ReadonlyMap<string, number>;
}

/** In this order, whatever the order of the manifests: what others need comes before them. */
const ORDER = [
  'Namespace',
  'PriorityClass',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'Service',
  KIND,
  'DaemonSet',
  'StatefulSet',
  'ReplicaSet',
  'Deployment',
  'Pod',
];
const CLUSTER_SCOPED: ReadonlySet<string> = new Set(['Namespace', 'PriorityClass']);
const ACTOR = 'kubectl-client-side-apply';
export const POLICIES: ResourceName = `${PLURAL}.${GROUP}`;

/** A slip of the finger must not be simulated for an hour. */
const MOST_REPLICAS = 2000;

export function stageManifests(request: StageRequest): Stage {
  const {picture, manifests, onlyNode} = request;
  const cluster = simulationOf(picture, {
    // Where the pods go is one question, whether they overload their nodes another.
    parameters: {panicAfterSeconds: 0, starvedShare: 0},
  });
  cluster.api.create('customresourcedefinitions.apiextensions.k8s.io', spreadPolicyCrd, ACTOR);
  const others = cluster.api
    .list(NODES)
    .filter((node) => node.metadata.name !== onlyNode && !isCordoned(node))
    .map(({metadata}) => metadata.name);
  if (onlyNode !== undefined) {
    setCordoned(cluster, others, true);
  }
  const applied: AppliedManifest[] = [];
  const refused: RefusedManifest[] = [];
  const ignored = new Map<string, number>();
  const staged: ManifestObject[] = [];
  for (const manifest of manifests.map(inServedVersion)) {
    if (isStaged(manifest)) {
      staged.push(manifest);
    } else {
      ignored.set(manifest.kind, (ignored.get(manifest.kind) ?? 0) + 1);
    }
  }
  const inOrder = staged.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  for (const manifest of withReplicasOfAutoscalers(inOrder, request.defaultNamespace)) {
    if (replicasOf(manifest) > MOST_REPLICAS) {
      const what = `${manifest.kind} of more than ${MOST_REPLICAS} replicas`;
      ignored.set(what, (ignored.get(what) ?? 0) + 1);
      continue;
    }
    const namespace = CLUSTER_SCOPED.has(manifest.kind)
      ? undefined
      : (manifest.namespace ?? request.defaultNamespace);
    const inNamespace = namespace === undefined ? {} : {namespace};
    try {
      const object = toStage(manifest, namespace, request, cluster);
      applyObject(cluster, object, namespace);
      applied.push({manifest, ...inNamespace, resource: resourceOf(object)});
    } catch (error) {
      refused.push({manifest, ...inNamespace, causes: causesOf(error)});
    }
  }
  for (const [key, rule] of request.rules ?? []) {
    const {namespace, name} = fromKey(key);
    if (
      !applied.some(
        (each) =>
          each.resource === DEPLOYMENTS &&
          keyOf({namespace: each.namespace ?? '', name: each.manifest.name}) === key,
      )
    ) {
      cluster.api.update(DEPLOYMENTS, namespace, name, (old) => withRule(old, rule), {actor: FIELD_MANAGER});
    }
  }
  advanceToRest(cluster);
  if (onlyNode !== undefined) {
    setCordoned(cluster, others, false);
    advanceToRest(cluster);
  }
  cluster.timeline.clear();
  return {request, cluster, applied, refused, ignored};
}

function replicasOf({content}: ManifestObject): number {
  const {replicas} = asObject(content['spec']);
  return typeof replicas === 'number' ? replicas : 1;
}

function isStaged({apiVersion, kind}: ManifestObject): boolean {
  if (kind === KIND) {
    return apiVersion === API_VERSION;
  }
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return (
    ORDER.includes(kind) &&
    ['', 'apps', 'policy', 'autoscaling', 'scheduling.k8s.io', 'extensions'].includes(group)
  );
}

function toStage(
  manifest: ManifestObject,
  namespace: string | undefined,
  {picture, rules}: StageRequest,
  cluster: SimulatedCluster,
): ApiObject {
  const isBound = (claim: string) =>
    picture.objects.some(
      ({kind, metadata}) =>
        kind === 'PersistentVolumeClaim' && metadata.namespace === namespace && metadata.name === claim,
    );
  // What is not of that form, the API refuses.
  const isNode = (name: string) => cluster.api.get(NODES, undefined, name) !== undefined;
  const object = prepared(manifest, namespace, {isBound, isNode}) as unknown as ApiObject;
  prepareSurroundings(cluster, object, namespace);
  const rule = object.kind === 'Deployment' ? rules?.get(`${namespace}/${manifest.name}`) : undefined;
  return rule === undefined ? object : withRule(object, rule);
}

// What somebody else applies, before or with the manifests, or what the picture does not hold.
function prepareSurroundings(
  cluster: SimulatedCluster,
  object: ApiObject,
  namespace: string | undefined,
): void {
  const {api} = cluster;
  if (namespace === undefined) {
    return;
  }
  if (api.get('namespaces', undefined, namespace) === undefined) {
    api.create('namespaces', {metadata: {name: namespace}}, ACTOR);
  }
  const spec = podTemplateOf(object)?.spec as
    | {
        readonly serviceAccountName?: unknown;
        /** Its old name. */
        readonly serviceAccount?: unknown;
        readonly priorityClassName?: unknown;
      }
    | undefined;
  if (spec === undefined) {
    return;
  }
  const account = textOr(spec.serviceAccountName ?? spec.serviceAccount, 'default');
  if (account !== '' && api.get('serviceaccounts', namespace, account) === undefined) {
    api.create('serviceaccounts', {metadata: {name: account, namespace}}, ACTOR);
  }
  const priorityClass = textOr(spec.priorityClassName, '');
  const classes = 'priorityclasses.scheduling.k8s.io';
  if (
    priorityClass !== '' &&
    !priorityClass.startsWith('system-') &&
    api.get(classes, undefined, priorityClass) === undefined
  ) {
    api.create(classes, {metadata: {name: priorityClass}, value: 0}, ACTOR);
  }
}

/** Creates it, or puts it in place of the one of that name, as `kubectl apply` would. Throws a StatusError. */
function applyObject(cluster: SimulatedCluster, object: ApiObject, namespace: string | undefined): void {
  const {api} = cluster;
  const resource = resourceOf(object);
  const {kind, metadata} = object;
  const isThere = api.get(resource, namespace, metadata.name) !== undefined;
  if (isThere) {
    api.update(resource, namespace, metadata.name, (old) => laidOver(old, object), {actor: ACTOR});
  } else {
    api.create(resource, object, ACTOR);
  }
  if (kind === 'StatefulSet') {
    expandStatefulSet(cluster, namespace ?? '', metadata.name);
  } else if (kind === 'DaemonSet') {
    expandDaemonSet(cluster, namespace ?? '', metadata.name);
  }
}

/** The replicas of a workload that leaves them out stay as they are: an autoscaler's, or a person's. */
function laidOver(old: ApiObject, object: ApiObject): ApiObject {
  const [before, after] = [asObject(old['spec']), asObject(object['spec'])];
  const isService = object.kind === 'Service';
  const replicas = before['replicas'] === undefined ? {} : {replicas: before['replicas']};
  const {metadata, status: _, ...rest} = object;
  return {
    ...old,
    ...rest,
    metadata: {
      ...old.metadata,
      labels: {...metadata.labels},
      annotations: {...old.metadata.annotations, ...metadata.annotations},
    },
    ...(object['spec'] === undefined
      ? {}
      : {spec: isService ? {...before, ...after} : {...replicas, ...after}}),
  };
}

function causesOf(error: unknown): RefusedManifest['causes'] {
  if (!(error instanceof StatusError)) {
    // A manifest can hold anything; whatever the simulated server stumbles over, the real one would refuse.
    return [{message: (error as Error).message}];
  }
  const {causes = []} = error.details ?? {};
  return causes.length === 0
    ? [{message: error.message, ...fieldOf(/field "([^"]+)"|struct field \w+\.([\w.]+)/.exec(error.message))}]
    : causes.map(({field, message}) => ({
        message: message ?? error.message,
        ...(field === undefined ? {} : {field: fieldPath(field)}),
      }));
}

function fieldOf(match: RegExpExecArray | null): {readonly field?: FieldPath} {
  const field = match?.[1] ?? match?.[2];
  return field === undefined ? {} : {field: fieldPath(field)};
}

function setCordoned(cluster: SimulatedCluster, nodes: readonly string[], isCordonedNow: boolean): void {
  for (const node of nodes) {
    cluster.cordon(node, isCordonedNow);
  }
}

function isCordoned(node: ApiObject): boolean {
  return asObject(node['spec'])['unschedulable'] === true;
}

/** What is no text, the API refuses in its own words. */
function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
