/**
 * In-place resize (KEP-1287): what a running pod holds is not always what its spec asks for. While a resize is on its
 * way, the kubelet's report in the status says what the node has set aside.
 */
import type {ApiCondition} from './node.ts';
import {
  type ApiContainer,
  type ApiPodSpec,
  type ApiResourceRequirements,
  isSidecar,
  type ResourceList,
  requestsOrLimits,
} from './pod-spec.ts';
import {parseQuantity} from './quantity.ts';

/** As far as it bears on what the pod holds. */
export interface ApiResizeStatus {
  conditions?: ApiCondition[];
  containerStatuses?: ApiContainerStatus[];
  initContainerStatuses?: ApiContainerStatus[];
  /** Of the pod as a whole, where its spec has requests at pod level. */
  resources?: ApiResourceRequirements;
  allocatedResources?: Record<string, string>;
}

interface ApiContainerStatus {
  name?: string;
  /** What runs. */
  resources?: ApiResourceRequirements;
  /** What the kubelet has admitted. */
  allocatedResources?: Record<string, string>;
}

/**
 * The spec with the requests that the scheduler counts for a pod on a node: for each resource the most of what is
 * asked for, admitted and actually set; without what is asked for once the kubelet has called that infeasible.
 * The very same object when nothing is on its way, which is nearly always, so that the pods of one template go on
 * sharing one `PodSpec`.
 * Source: PodRequests with UseStatusResources in k8s.io/component-helpers/resource/helpers.go.
 */
export function withResizedRequests(spec: ApiPodSpec, status: ApiResizeStatus | undefined): ApiPodSpec {
  const statuses = new Map<string | undefined, ApiContainerStatus>();
  for (const container of [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]) {
    if (container.resources !== undefined) {
      statuses.set(container.name, container);
    }
  }
  const ofPod = status?.resources;
  if (statuses.size === 0 && ofPod === undefined) {
    return spec;
  }
  const resizing = status?.conditions?.find(({type}) => type === 'PodResizePending');
  const infeasible = resizing?.reason === 'Infeasible';

  const resized = (container: ApiContainer): ApiContainer => {
    const report = statuses.get(container.name);
    if (report === undefined) {
      return container;
    }
    const asked = requestsOrLimits(container.resources);
    const held = heldRequests(asked, report.resources?.requests, report.allocatedResources, infeasible);
    return held === undefined ? container : {...container, resources: {requests: held}};
  };
  const containers = mapped(spec.containers, resized);
  const initContainers = mapped(spec.initContainers, (container) =>
    isSidecar(container) ? resized(container) : container,
  );
  const resources = podLevelResources(spec.resources, ofPod, status?.allocatedResources, infeasible);
  if (
    containers === spec.containers &&
    initContainers === spec.initContainers &&
    resources === spec.resources
  ) {
    return spec;
  }
  return {
    ...spec,
    ...(containers === undefined ? {} : {containers}),
    ...(initContainers === undefined ? {} : {initContainers}),
    ...(resources === undefined ? {} : {resources}),
  };
}

/** Undefined when it is the same as what is asked for. */
function heldRequests(
  asked: ResourceList,
  actual: ResourceList = {},
  allocated: ResourceList = {},
  infeasible: boolean,
): Record<string, string> | undefined {
  const held: Record<string, string> = {};
  // What is asked for comes first: of equal amounts it is the one that is kept, however the others are written.
  const sources = infeasible ? [actual, allocated] : [asked, actual, allocated];
  for (const source of sources) {
    for (const [name, quantity] of Object.entries(source)) {
      const most = held[name];
      if (most === undefined || parseQuantity(quantity) > parseQuantity(most)) {
        held[name] = sameAmount(quantity, asked[name]) ? (asked[name] ?? quantity) : quantity;
      }
    }
  }
  const names = Object.keys(held);
  const same =
    names.length === Object.keys(asked).length && names.every((name) => held[name] === asked[name]);
  return same ? undefined : held;
}

function sameAmount(quantity: string, other: string | undefined): boolean {
  return other !== undefined && parseQuantity(quantity) === parseQuantity(other);
}

// Only what the spec names at pod level counts; what the kubelet does not report of it counts as nothing.
function podLevelResources(
  resources: ApiResourceRequirements | undefined,
  actual: ApiResourceRequirements | undefined,
  allocated: ResourceList | undefined,
  infeasible: boolean,
): ApiResourceRequirements | undefined {
  const asked = resources?.requests;
  if (asked === undefined || actual === undefined) {
    return resources;
  }
  const held = heldRequests(asked, actual.requests, allocated, infeasible);
  if (held === undefined) {
    return resources;
  }
  return {
    ...resources,
    requests: Object.fromEntries(Object.keys(asked).map((name) => [name, held[name] ?? '0'])),
  };
}

/** The very same array when no element changes. */
function mapped<T>(values: T[] | undefined, change: (value: T) => T): T[] | undefined {
  const changed = values?.map(change);
  return changed?.some((value, index) => value !== values?.[index]) === true ? changed : values;
}
