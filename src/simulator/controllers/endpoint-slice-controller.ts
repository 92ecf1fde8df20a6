/**
 * One EndpointSlice for each Service with a selector. Upstream splits it at 100 endpoints and by address family; nothing
 * that reads slices here cares. Source: k8s.io/endpointslice/{reconciler,utils}.go of Kubernetes 1.36.
 */
import {matchesSelector} from '../../cluster/label-selector.ts';
import type {ApiObject, ObjectChange} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {
  controllerReference,
  ENDPOINT_SLICES,
  fromKey,
  isPodFinished,
  isPodReady,
  keyOf,
  PODS,
  type PodObject,
  SERVICES,
  type ServiceObject,
  unlessGone,
} from '../objects.ts';
import {WorkQueue} from './work-queue.ts';

const ENDPOINT_SLICE_CONTROLLER = 'endpointslice-controller';

export class EndpointSliceController {
  readonly #context: SimulationContext;
  readonly #queue: WorkQueue;

  constructor(context: SimulationContext) {
    this.#context = context;
    const {controllerMilliseconds} = context.parameters;
    this.#queue = new WorkQueue(context.clock, controllerMilliseconds, (key) => this.#sync(key));
  }

  observe({type, resource, object, previous}: ObjectChange): void {
    if (resource === SERVICES && type !== 'DELETED') {
      this.#queue.add(keyOf(object.metadata));
    } else if (
      resource === PODS &&
      (type === 'DELETED' || isTelling(object as PodObject, previous as PodObject | undefined))
    ) {
      for (const service of this.#context.api.list(SERVICES, object.metadata.namespace)) {
        if (selects(service, object) || (previous !== undefined && selects(service, previous))) {
          this.#queue.add(keyOf(service.metadata));
        }
      }
    }
  }

  #sync(key: string): void {
    const {namespace = '', name} = fromKey(key);
    const {api, index, random} = this.#context;
    const service: ServiceObject | undefined = api.get(SERVICES, namespace, name);
    const isWanted =
      service?.spec?.selector !== undefined &&
      Object.keys(service.spec.selector).length > 0 &&
      service.spec.type !== 'ExternalName' &&
      service.metadata.deletionTimestamp === undefined;
    if (!isWanted) {
      return;
    }
    const known = index
      .dependentsOf(service.metadata.uid)
      .find(({resource}) => resource === ENDPOINT_SLICES)?.object;
    const before = (known?.['endpoints'] ?? []) as readonly object[];
    const endpoints: object[] = [];
    for (const pod of index.podsOfNamespace(namespace)) {
      if (selects(service, pod) && hasAddress(pod)) {
        // What stays as it is stays the very same object, so that versions of the slice share it.
        endpoints.push(unlessSame(this.#endpointOf(pod, service), before[endpoints.length]));
      }
    }
    const ports = (service.spec?.ports ?? []).map((port) => ({
      name: port.name ?? '',
      protocol: port.protocol ?? 'TCP',
      port: typeof port.targetPort === 'number' ? port.targetPort : port.port,
    }));
    // Without endpoints it is a placeholder, which has no ports either.
    const content =
      endpoints.length === 0
        ? {addressType: 'IPv4', endpoints: null, ports: null}
        : {addressType: 'IPv4', endpoints, ports};
    if (known !== undefined) {
      if (endpoints.length !== before.length || endpoints.some((each, index) => each !== before[index])) {
        unlessGone(() =>
          api.update(
            ENDPOINT_SLICES,
            namespace,
            known.metadata.name,
            (current) => ({...current, ...content}),
            {actor: ENDPOINT_SLICE_CONTROLLER},
          ),
        );
      }
      return;
    }
    api.create(
      ENDPOINT_SLICES,
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          generateName: `${name}-`,
          name: `${name}-${random.text(5)}`,
          namespace,
          labels: {
            'kubernetes.io/service-name': name,
            'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          },
          ownerReferences: [{...controllerReference(service), apiVersion: 'v1', kind: 'Service'}],
        },
        ...content,
      },
      ENDPOINT_SLICE_CONTROLLER,
    );
  }

  #endpointOf(pod: PodObject, {spec}: ServiceObject): object {
    const {metadata} = pod;
    const isTerminating = metadata.deletionTimestamp !== undefined;
    const serving = isPodReady(pod);
    const zone = this.#context.index.node(pod.spec.nodeName ?? '')?.metadata.labels?.[
      'topology.kubernetes.io/zone'
    ];
    return {
      addresses: [pod.status?.['podIP']],
      conditions: {
        ready: spec?.publishNotReadyAddresses === true || (serving && !isTerminating),
        serving,
        terminating: isTerminating,
      },
      targetRef: {kind: 'Pod', namespace: metadata.namespace, name: metadata.name, uid: metadata.uid},
      nodeName: pod.spec.nodeName,
      ...(zone === undefined ? {} : {zone}),
    };
  }
}

function unlessSame(endpoint: object, before: object | undefined): object {
  return before !== undefined && JSON.stringify(endpoint) === JSON.stringify(before) ? before : endpoint;
}

function selects(service: ApiObject, {metadata}: ApiObject): boolean {
  const selector = (service as ServiceObject).spec?.selector;
  return (
    selector !== undefined &&
    Object.keys(selector).length > 0 &&
    matchesSelector({matchLabels: selector}, metadata.labels ?? {})
  );
}

function hasAddress(pod: PodObject): boolean {
  return pod.spec.nodeName !== undefined && pod.status?.['podIP'] !== undefined && !isPodFinished(pod);
}

/** podChangesMatterForEndpointSlices: most status updates change nothing about where traffic goes. */
function isTelling(pod: PodObject, previous: PodObject | undefined): boolean {
  return (
    previous === undefined ||
    isPodReady(pod) !== isPodReady(previous) ||
    isPodFinished(pod) !== isPodFinished(previous) ||
    pod.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
    pod.status?.['podIP'] !== previous.status?.['podIP'] ||
    pod.spec.nodeName !== previous.spec.nodeName ||
    pod.metadata.labels !== previous.metadata.labels
  );
}
