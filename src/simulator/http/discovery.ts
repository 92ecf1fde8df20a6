/**
 * Which APIs there are: legacy discovery (APIGroupList, APIResourceList) and aggregated discovery (v2).
 * Source: apiserver/pkg/endpoints/discovery.
 */
import type {ApiServer} from '../apiserver/api-server.ts';
import type {Resource} from '../apiserver/resources.ts';
import {genericNotFound} from '../apiserver/status-error.ts';
import {type ApiRequest, type ApiResponse, wantedForm} from './exchange.ts';
import {METRICS_GROUP, metricsResources} from './metrics-api.ts';
import {reviewResources} from './reviews.ts';

interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly Subresource[];
}

interface Subresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

function servedResource(resource: Resource): ServedResource {
  return {
    ...resource,
    verbs: resource.custom === undefined ? VERBS : CUSTOM_VERBS,
    subresources: resource.subresources.map((name) => subresource(resource, name)),
  };
}

function subresource({group, version, kind}: Resource, name: string): Subresource {
  switch (name) {
    case 'scale':
      return {name, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update']};
    case 'eviction':
      return {name, group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create']};
    case 'binding':
      return {name, group: '', version: 'v1', kind: 'Binding', verbs: ['create']};
    case 'token':
      return {name, group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create']};
    case 'log':
      return {name, group, version, kind, verbs: ['get']};
    case 'finalize':
      return {name, group, version, kind, verbs: ['update']};
    default:
      return {name, group, version, kind, verbs: ['get', 'patch', 'update']};
  }
}

export class Discovery {
  readonly #api: ApiServer;
  readonly #hasMetrics: boolean;

  constructor(api: ApiServer, hasMetrics: boolean) {
    this.#api = api;
    this.#hasMetrics = hasMetrics;
  }

  /** Undefined when the path is another's. */
  handle({info, accept}: ApiRequest): ApiResponse | undefined {
    const parts = info.path.split('/').filter((part) => part !== '');
    const [root, ...rest] = parts;
    const isAggregated = wantedForm(accept) === 'APIGroupDiscoveryList';
    if (root === 'api') {
      if (rest.length === 0) {
        if (isAggregated) return this.#aggregated((group) => group === '');
        const serverAddressByClientCIDRs = [{clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1'}];
        return {code: 200, body: {kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs}};
      }
      return rest.length === 1 ? this.#resourceList('', rest[0] ?? '') : undefined;
    }
    if (root !== 'apis') return undefined;
    const [group, version] = rest;
    if (group === undefined) {
      if (isAggregated) return this.#aggregated((each) => each !== '');
      const groups = this.#groups()
        .filter((each) => each !== '')
        .map((each) => this.#group(each));
      return {code: 200, body: {kind: 'APIGroupList', apiVersion: 'v1', groups}};
    }
    if (version === undefined) {
      if (!this.#groups().includes(group)) throw genericNotFound();
      return {code: 200, body: {kind: 'APIGroup', apiVersion: 'v1', ...this.#group(group)}};
    }
    return rest.length === 2 ? this.#resourceList(group, version) : undefined;
  }

  #served(): ServedResource[] {
    const plain = {verbs: ['create'], shortNames: [], categories: [], subresources: []};
    const reviews = reviewResources.map((each) => ({
      ...each,
      ...plain,
      version: 'v1',
      singular: each.kind.toLowerCase(),
    }));
    const metrics = metricsResources.map((each) => ({
      ...each,
      ...plain,
      verbs: ['get', 'list'],
      group: METRICS_GROUP,
      version: 'v1beta1',
      singular: '',
    }));
    return [
      ...this.#api.context.registry.all().map(servedResource),
      ...reviews,
      ...(this.#hasMetrics ? metrics : []),
    ];
  }

  #groups(): string[] {
    return [...new Set(this.#served().map(({group}) => group))];
  }

  #versions(group: string): string[] {
    return [
      ...new Set(
        this.#served()
          .filter((each) => each.group === group)
          .map(({version}) => version),
      ),
    ];
  }

  #group(name: string): object {
    const versions = this.#versions(name).map((version) => ({groupVersion: `${name}/${version}`, version}));
    return {name, versions, preferredVersion: versions[0]};
  }

  #resourceList(group: string, version: string): ApiResponse {
    const served = this.#served().filter((each) => each.group === group && each.version === version);
    if (served.length === 0) throw genericNotFound();
    const resources = served.flatMap((each) => [
      {
        name: each.plural,
        singularName: each.singular,
        namespaced: each.isNamespaced,
        kind: each.kind,
        verbs: each.verbs,
        ...(each.shortNames.length > 0 ? {shortNames: each.shortNames} : {}),
        ...(each.categories.length > 0 ? {categories: each.categories} : {}),
      },
      ...each.subresources.map((sub) => ({
        name: `${each.plural}/${sub.name}`,
        singularName: '',
        namespaced: each.isNamespaced,
        ...(sub.group !== group || sub.version !== version ? {group: sub.group, version: sub.version} : {}),
        kind: sub.kind,
        verbs: sub.verbs,
      })),
    ]);
    const groupVersion = group === '' ? version : `${group}/${version}`;
    return {code: 200, body: {kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources}};
  }

  #aggregated(wants: (group: string) => boolean): ApiResponse {
    const items = this.#groups()
      .filter(wants)
      .map((group) => ({
        metadata: group === '' ? {creationTimestamp: null} : {name: group, creationTimestamp: null},
        versions: this.#versions(group).map((version) => ({
          version,
          resources: this.#served()
            .filter((each) => each.group === group && each.version === version)
            .map(aggregatedResource),
          freshness: 'Current',
        })),
      }));
    return {
      code: 200,
      contentType: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      body: {kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items},
    };
  }
}

function aggregatedResource(each: ServedResource): object {
  return {
    resource: each.plural,
    responseKind: {group: each.group, version: each.version, kind: each.kind},
    scope: each.isNamespaced ? 'Namespaced' : 'Cluster',
    singularResource: each.singular,
    verbs: each.verbs,
    ...(each.shortNames.length > 0 ? {shortNames: each.shortNames} : {}),
    ...(each.categories.length > 0 ? {categories: each.categories} : {}),
    ...(each.subresources.length > 0
      ? {
          subresources: each.subresources.map(({name, group, version, kind, verbs}) => ({
            subresource: name,
            responseKind: {group, version, kind},
            verbs,
          })),
        }
      : {}),
  };
}
