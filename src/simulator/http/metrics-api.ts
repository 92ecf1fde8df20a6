/** metrics.k8s.io/v1beta1, which a real cluster gets from metrics-server: `kubectl top`. */
import type {ApiServer} from '../apiserver/api-server.ts';
import {parseLabelSelector} from '../apiserver/selectors.ts';
import {notFound} from '../apiserver/status-error.ts';
import type {ApiObject} from '../cluster-api.ts';
import {timestamp} from '../timestamp.ts';
import type {ApiRequest, ApiResponse} from './exchange.ts';

export interface Usage {
  readonly milliCpu: number;
  readonly memoryBytes: number;
}

/** What is used now; undefined while nothing is known yet. */
export interface UsageSource {
  node(name: string): Usage | undefined;
  /** By container. */
  pod(namespace: string, name: string): Readonly<Record<string, Usage>> | undefined;
}

export const METRICS_GROUP = 'metrics.k8s.io';
export const metricsResources = [
  {plural: 'nodes', kind: 'NodeMetrics', isNamespaced: false},
  {plural: 'pods', kind: 'PodMetrics', isNamespaced: true},
] as const;

const WINDOW = '15s';

export function handleMetrics(api: ApiServer, source: UsageSource, request: ApiRequest): ApiResponse {
  const {resource, namespace, name} = request.info;
  const reference = {group: METRICS_GROUP, plural: resource};
  const metricsOf = (object: ApiObject) =>
    resource === 'nodes' ? nodeMetrics(api, source, object) : podMetrics(api, source, object);
  if (resource !== 'nodes' && resource !== 'pods') throw notFound(reference, name ?? '');
  if (name !== undefined) {
    const object = api.get(resource, namespace, name);
    const metrics = object === undefined ? undefined : metricsOf(object);
    if (metrics === undefined) throw notFound(reference, name);
    return {code: 200, body: metrics};
  }
  const matches = parseLabelSelector(request.query.get('labelSelector') ?? '');
  const items = api
    .list(resource, namespace)
    .filter(matches)
    .flatMap((object) => metricsOf(object) ?? []);
  return {
    code: 200,
    body: {
      kind: resource === 'nodes' ? 'NodeMetricsList' : 'PodMetricsList',
      apiVersion: `${METRICS_GROUP}/v1beta1`,
      metadata: {},
      items,
    },
  };
}

function nodeMetrics(api: ApiServer, source: UsageSource, node: ApiObject): object | undefined {
  const usage = source.node(node.metadata.name);
  return usage === undefined ? undefined : {...common(api, 'NodeMetrics', node), usage: quantities(usage)};
}

function podMetrics(api: ApiServer, source: UsageSource, pod: ApiObject): object | undefined {
  const usage = source.pod(pod.metadata.namespace ?? '', pod.metadata.name);
  if (usage === undefined) return undefined;
  const containers = Object.entries(usage).map(([name, each]) => ({name, usage: quantities(each)}));
  return {...common(api, 'PodMetrics', pod), containers};
}

function common(api: ApiServer, kind: string, {metadata}: ApiObject): object {
  const {name, namespace, labels} = metadata;
  const now = timestamp(api.context.now());
  return {
    kind,
    apiVersion: `${METRICS_GROUP}/v1beta1`,
    metadata: {name, ...(namespace === undefined ? {} : {namespace}), creationTimestamp: now, labels},
    timestamp: now,
    window: WINDOW,
  };
}

function quantities({milliCpu, memoryBytes}: Usage): object {
  return {cpu: `${Math.round(milliCpu * 1_000_000)}n`, memory: `${Math.round(memoryBytes / 1024)}Ki`};
}
