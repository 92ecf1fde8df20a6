/** A picture brought to life: the simulated cluster that goes on from it, at rest. Pure. */
import type {ApiObject, ResourceName} from '../simulator/cluster-api.ts';
import {DEPLOYMENTS, isPodReady, type PodObject} from '../simulator/objects.ts';
import type {SimulationParameters} from '../simulator/parameters.ts';
import {SimulatedCluster} from '../simulator/simulated-cluster.ts';
import type {ClusterPicture} from './cluster-picture.ts';
import {type CpuBasis, type CpuDemand, cpuDemandOf, withDemand} from './cpu-demand.ts';

export interface SimulationOptions {
  readonly seed?: number;
  /** Whatever is not named has the default of docs/simulator.md. */
  readonly parameters?: Partial<SimulationParameters>;
}

/** Enough for every controller to look at every object once. */
const REST_MILLISECONDS = 1000;
/** The pod is not Ready, and nobody knows what would change that. */
const NEVER_READY = 'spread-operator.test/never-ready';
const SYSTEM_CLASSES: ReadonlySet<string> = new Set(['system-cluster-critical', 'system-node-critical']);

/**
 * With demand that is only assumed, neither a panic nor a failing probe is foreseen unless somebody asks for it: that
 * pods use all that they request is a guess, and every cluster that is two thirds full would be told to fall over.
 */
export function parametersFor(
  basis: CpuBasis,
  parameters: Partial<SimulationParameters> = {},
): Partial<SimulationParameters> {
  return basis === 'requests' ? {panicAfterSeconds: 0, starvedShare: 0, ...parameters} : parameters;
}

/** At rest: its controllers have looked at everything once, and the timeline is empty. */
export function simulationOf(
  picture: ClusterPicture,
  {seed = 1, parameters}: SimulationOptions = {},
  demand: CpuDemand = cpuDemandOf(picture),
): SimulatedCluster {
  const cluster = new SimulatedCluster({
    seed,
    start: picture.takenAt,
    events: false,
    historyLimit: 1,
    isOwnershipTracked: isAsked,
    parameters: parametersFor(demand.basis, parameters),
  });
  cluster.restore(restorable(cluster, withDemand(picture.objects, demand)));
  cluster.advance(REST_MILLISECONDS);
  cluster.timeline.clear();
  return cluster;
}

/** The operator asks who owns the placement in the pod templates of Deployments, and nobody asks for more. */
function isAsked(resource: ResourceName, subresource: string | undefined): boolean {
  return resource === DEPLOYMENTS && subresource === undefined;
}

function restorable(cluster: SimulatedCluster, objects: readonly ApiObject[]): ApiObject[] {
  const {registry} = cluster.api.context;
  const isKnown = new Map<string, boolean>();
  const known = objects.filter(({apiVersion, kind}) => {
    const type = `${apiVersion} ${kind}`;
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    // Policies and measurements are stored nowhere in the simulation.
    const result = isKnown.get(type) ?? registry.findKind(group ?? '', version ?? '', kind) !== undefined;
    isKnown.set(type, result);
    return result;
  });
  return [...known.map(asItStands), ...missingAccounts(known), ...missingPriorityClasses(known)];
}

/** A pod that runs and is not Ready stays so: the simulation knows nothing of what ails it. */
function asItStands(object: ApiObject): ApiObject {
  if (
    object.kind !== 'Pod' ||
    (object as PodObject).status?.phase !== 'Running' ||
    isPodReady(object as PodObject)
  ) {
    return object;
  }
  const {metadata} = object;
  return {...object, metadata: {...metadata, annotations: {...metadata.annotations, [NEVER_READY]: 'true'}}};
}

interface SpecOfPods {
  readonly serviceAccountName?: string;
  readonly priorityClassName?: string;
  readonly priority?: number;
}

function podSpecOf(object: ApiObject): SpecOfPods | undefined {
  const spec = object['spec'] as {readonly template?: {readonly spec?: SpecOfPods}} | undefined;
  return object.kind === 'Pod' ? (spec as SpecOfPods) : spec?.template?.spec;
}

/** Pictures hold no service accounts, and the API server takes no pod without its own. */
function missingAccounts(objects: readonly ApiObject[]): ApiObject[] {
  const accounts = new Map<string, ApiObject>();
  for (const object of objects) {
    const spec = podSpecOf(object);
    const {namespace} = object.metadata;
    if (spec !== undefined && namespace !== undefined) {
      const name = spec.serviceAccountName ?? 'default';
      const key = `${namespace}/${name}`;
      if (!accounts.has(key)) {
        accounts.set(key, placeholder('v1', 'ServiceAccount', {namespace, name}));
      }
    }
  }
  return [...accounts.values()];
}

/** A picture may lack them, where nobody was allowed to read them; pods tell their value. */
function missingPriorityClasses(objects: readonly ApiObject[]): ApiObject[] {
  const known = new Set(
    objects.flatMap(({kind, metadata}) => (kind === 'PriorityClass' ? [metadata.name] : [])),
  );
  const classes = new Map<string, ApiObject>();
  for (const object of objects) {
    const {priorityClassName: name = '', priority} = podSpecOf(object) ?? {};
    if (
      name !== '' &&
      !known.has(name) &&
      !SYSTEM_CLASSES.has(name) &&
      (priority !== undefined || !classes.has(name))
    ) {
      const value = priority ?? 0;
      classes.set(name, {...placeholder('scheduling.k8s.io/v1', 'PriorityClass', {name}), value});
    }
  }
  return [...classes.values()];
}

function placeholder(
  apiVersion: string,
  kind: string,
  {namespace, name}: {readonly namespace?: string; readonly name: string},
): ApiObject {
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : {namespace}),
      uid: `${kind}-${namespace ?? ''}-${name}`,
      resourceVersion: '1',
      creationTimestamp: '1970-01-01T00:00:00Z',
    },
  };
}
