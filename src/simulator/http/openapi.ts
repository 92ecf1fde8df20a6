/**
 * OpenAPI as far as kubectl reads it: schemas for `explain`, and for each kind the path whose PATCH takes dryRun and
 * fieldValidation, which tells kubectl that the server validates.
 */
import {createHash} from 'node:crypto';
import type {ApiServer} from '../apiserver/api-server.ts';
import {apiVersionOf, type Resource} from '../apiserver/resources.ts';
import {genericNotFound} from '../apiserver/status-error.ts';
import {KUBERNETES_VERSION, kubernetesSchemas, type OpenApiSchema} from '../apiserver/structure.ts';
import type {ApiRequest, ApiResponse} from './exchange.ts';

type Schemas = Record<string, OpenApiSchema>;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const REFERENCE = '#/components/schemas/';

/** What clients ask for is no media type that Go can read, so the answer carries another one (kube-openapi's handler). */
const ASKED_V2 = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const PROTOBUF_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/**
 * A document with the field `swagger` and nothing else. kubectl asks for it before it applies a List, and leaves kinds
 * that it does not find in it to the server's own validation.
 */
const EMPTY_V2 = '\n\u00032.0';

export function handleOpenApi(api: ApiServer, {info, accept}: ApiRequest): ApiResponse | undefined {
  if (info.path === '/openapi/v2') {
    return accept.startsWith(ASKED_V2)
      ? {code: 200, contentType: PROTOBUF_V2, body: EMPTY_V2}
      : {code: 200, body: version2(api)};
  }
  if (info.path === '/openapi/v3') return {code: 200, body: {paths: index(api)}};
  const match = /^\/openapi\/v3\/(api|apis)\/(.+)$/.exec(info.path);
  if (match === null) return undefined;
  const groupVersion = match[2] ?? '';
  const resources = api.context.registry.all().filter((each) => apiVersionOf(each) === groupVersion);
  if (resources.length === 0) throw genericNotFound();
  return {code: 200, body: version3(groupVersion, resources)};
}

function rootOf(resource: Resource): string {
  return resource.group === '' ? `api/${resource.version}` : `apis/${resource.group}/${resource.version}`;
}

function index(api: ApiServer): object {
  const roots = new Set(api.context.registry.all().map(rootOf));
  // kubectl asks again when the hash changes; a new custom resource must be seen.
  const hash = createHash('sha256')
    .update(`${KUBERNETES_VERSION} ${api.context.registry.generation}`)
    .digest('hex')
    .toUpperCase();
  return Object.fromEntries(
    [...roots].map((root) => [root, {serverRelativeURL: `/openapi/v3/${root}?hash=${hash}`}]),
  );
}

function version3(title: string, resources: readonly Resource[]): object {
  const schemas: Schemas = {};
  for (const resource of resources) collect(resource, schemas);
  return {
    openapi: '3.0.0',
    info: {title: 'Kubernetes', version: KUBERNETES_VERSION, description: title},
    paths: Object.assign({}, ...resources.map(pathsOf)),
    components: {schemas},
  };
}

function version2(api: ApiServer): object {
  const schemas: Schemas = {};
  const resources = api.context.registry.all();
  for (const resource of resources) collect(resource, schemas);
  const definitions: unknown = JSON.parse(JSON.stringify(schemas).replaceAll(REFERENCE, '#/definitions/'));
  return {
    swagger: '2.0',
    info: {title: 'Kubernetes', version: KUBERNETES_VERSION},
    paths: Object.assign({}, ...resources.map(pathsOf)),
    definitions,
  };
}

/** The schema of a kind with everything it refers to. */
function collect(resource: Resource, schemas: Schemas): void {
  const queue: string[] = [];
  if (resource.custom === undefined) {
    queue.push(resource.schemaName);
  } else {
    const text = {type: 'string'};
    schemas[resource.schemaName] = {
      ...resource.custom.schema,
      properties: {
        apiVersion: {...text, description: TYPE_DESCRIPTIONS.apiVersion},
        kind: {...text, description: TYPE_DESCRIPTIONS.kind},
        metadata: {
          description:
            "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
          allOf: [{$ref: REFERENCE + META}],
        },
        ...withoutType(resource.custom.schema.properties),
      },
      'x-kubernetes-group-version-kind': [kindOf(resource)],
    };
    queue.push(META);
  }
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const schema = kubernetesSchemas[name];
    if (schemas[name] !== undefined || schema === undefined) continue;
    schemas[name] = schema;
    for (const [, reference] of JSON.stringify(schema).matchAll(/#\/components\/schemas\/([^"]+)"/g)) {
      if (reference !== undefined) queue.push(reference);
    }
  }
}

const TYPE_DESCRIPTIONS = {
  apiVersion:
    'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources',
  kind: 'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds',
};

function withoutType(properties: OpenApiSchema['properties']): Schemas {
  const {apiVersion: _, kind: __, metadata: ___, ...rest} = properties ?? {};
  return rest;
}

function kindOf({group, version, kind}: Resource) {
  return {group, version, kind};
}

function pathsOf(resource: Resource): object {
  const scope = resource.isNamespaced ? '/namespaces/{namespace}' : '';
  const collection = `/${rootOf(resource)}${scope}/${resource.plural}`;
  const parameter = (name: string) => ({name, in: 'query', schema: {type: 'string', uniqueItems: true}});
  const operation = (action: string, names: readonly string[]) => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kindOf(resource),
    parameters: names.map(parameter),
    responses: {200: {description: 'OK'}},
  });
  const writing = ['dryRun', 'fieldManager', 'fieldValidation'];
  return {
    [collection]: {
      get: operation('list', ['labelSelector', 'fieldSelector', 'limit', 'continue', 'watch']),
      post: operation('post', writing),
      delete: operation('deletecollection', ['dryRun', 'labelSelector', 'fieldSelector']),
    },
    [`${collection}/{name}`]: {
      get: operation('get', []),
      put: operation('put', writing),
      patch: operation('patch', [...writing, 'force']),
      delete: operation('delete', ['dryRun', 'gracePeriodSeconds', 'propagationPolicy']),
    },
  };
}
