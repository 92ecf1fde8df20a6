/**
 * The objects of a saved cluster, refused where no API server could have told them: such files are edited by hand, and
 * everything else relies on what the API server holds to.
 */
import {spreadPolicyCrd} from '../../api/crd.ts';
import {ApiServer} from '../../simulator/apiserver/api-server.ts';
import {DecodeError, decode} from '../../simulator/apiserver/decode.ts';
import {isObject, type JsonObject} from '../../simulator/apiserver/json.ts';
import {applyDefaults} from '../../simulator/apiserver/kinds/defaults.ts';
import {validateObject} from '../../simulator/apiserver/kinds/validation.ts';
import {validateMetadata} from '../../simulator/apiserver/metadata.ts';
import type {Resource, ResourceRegistry} from '../../simulator/apiserver/resources.ts';
import {customStructure} from '../../simulator/apiserver/structure.ts';
import type {ApiObject} from '../../simulator/cluster-api.ts';
import {METRICS_GROUP} from '../../simulator/http/metrics-api.ts';
import {InputError} from '../failure.ts';
import {READ_RESOURCES} from './resources.ts';

const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
const ANYTHING_ELSE = {type: 'object', 'x-kubernetes-preserve-unknown-fields': true} as const;
const USAGE = {
  type: 'object',
  additionalProperties: {$ref: '#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity'},
} as const;
/** By kind: what another API server tells, through the aggregation of the first. */
const METRICS = {
  NodeMetrics: customStructure({...ANYTHING_ELSE, properties: {usage: USAGE}}, 'NodeMetrics'),
  PodMetrics: customStructure(
    {
      ...ANYTHING_ELSE,
      properties: {
        containers: {
          type: 'array',
          items: {type: 'object', properties: {name: {type: 'string'}, usage: USAGE}},
        },
      },
    },
    'PodMetrics',
  ),
} as const;
const SERVED = new Map(READ_RESOURCES.map(({kind, apiVersion}) => [kind, apiVersion]));

/** As the API server would tell them: with its defaults, and without nulls. Throws an InputError that names the file and the first wrong one. */
export function savedObjects(given: readonly unknown[], file: string): ApiObject[] {
  const registry = registryWithPolicies();
  const types = new Map<string, Resource | undefined>();
  const known = new Map<string, string>();
  return given.map((object, index) => {
    const refuse = (problem: string) =>
      new InputError(
        `snapshot ${file}: ${describeSaved(object, index)}: ${problem}; correct it, or make the snapshot again with \`kubectl spread snapshot\``,
      );
    const problem = headProblem(object);
    if (problem !== undefined) {
      throw refuse(problem);
    }
    const {apiVersion, kind} = object as {apiVersion: string; kind: string} & JsonObject;
    const type = `${apiVersion} ${kind}`;
    const resource = types.has(type) ? types.get(type) : resourceOf(registry, apiVersion, kind);
    types.set(type, resource);
    const read = readSaved(object as JsonObject, resource);
    if (typeof read === 'string') {
      throw refuse(read);
    }
    const repeated = repetition(read, known, describeSaved(object, index));
    if (repeated !== undefined) {
      throw refuse(repeated);
    }
    return read;
  });
}

function registryWithPolicies(): ResourceRegistry {
  const api = new ApiServer({now: () => 0, random: () => 0});
  api.create(DEFINITIONS, spreadPolicyCrd, 'kubectl');
  return api.context.registry;
}

function resourceOf(registry: ResourceRegistry, apiVersion: string, kind: string): Resource | undefined {
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  return registry.findKind(group, version, kind);
}

/** `Pod shop/web-1`, as far as it says so; on one line, whatever is in the file. */
function describeSaved(object: unknown, index: number): string {
  const {kind, metadata} = isObject(object) ? object : {};
  const {namespace, name} = isObject(metadata) ? metadata : {};
  if (typeof kind !== 'string' || typeof name !== 'string' || name === '') {
    return typeof kind === 'string' ? `objects[${index}], a ${printable(kind)}` : `objects[${index}]`;
  }
  return `${printable(kind)} ${typeof namespace === 'string' ? `${printable(namespace)}/` : ''}${printable(name)}`;
}

function printable(text: string): string {
  return /^[\w.:-]+$/.test(text) ? text : JSON.stringify(text);
}

/** What tells which kind of object it is, and which one. */
function headProblem(object: unknown): string | undefined {
  if (!isObject(object)) {
    return `expected an object, found ${object === null ? 'null' : Array.isArray(object) ? 'a list' : JSON.stringify(object)}`;
  }
  const {apiVersion, kind, metadata} = object;
  for (const [field, value] of Object.entries({kind, apiVersion})) {
    if (typeof value !== 'string' || value === '') {
      return `expected a text as ${field}, found ${value === undefined ? 'none' : JSON.stringify(value)}`;
    }
  }
  const served = SERVED.get(String(kind));
  if (served !== undefined && apiVersion !== served) {
    return `expected the apiVersion ${served}, found ${JSON.stringify(apiVersion)}`;
  }
  return isObject(metadata) ? undefined : 'it has no metadata';
}

/** The object, or what is wrong with it. */
function readSaved(object: JsonObject, resource: Resource | undefined): ApiObject | string {
  try {
    return resource === undefined ? readForeign(object) : readOf(resource, object);
  } catch (error) {
    if (!(error instanceof DecodeError)) {
      throw error;
    }
    return error.field === '' ? error.message : `${error.field}: ${error.message}`;
  }
}

function readOf(resource: Resource, object: JsonObject): ApiObject | string {
  const read = (resource.custom?.decode(object) ?? decode(resource.structure, object)).value as ApiObject;
  if (resource.custom === undefined) {
    // Without one of them, a Deployment would differ for ever from the ReplicaSets that are made of it.
    applyDefaults(resource.storage, read);
  }
  const errors = [
    ...validateMetadata(resource, read),
    // A cluster of another version, or with other feature gates, may allow what this one does not.
    ...validateObject(resource, read).filter(({reason}) => reason === 'FieldValueRequired'),
    ...(resource.custom?.validate(read, undefined) ?? []),
  ];
  const [first] = errors;
  if (first !== undefined) {
    return `${first.field}: ${first.message}`;
  }
  const {namespace, uid, resourceVersion, creationTimestamp} = read.metadata;
  for (const [field, value] of Object.entries({
    ...(resource.isNamespaced ? {namespace} : {}),
    uid,
    resourceVersion,
    creationTimestamp,
  })) {
    if (value === undefined || value === '') {
      return `metadata.${field}: Required value`;
    }
  }
  return read;
}

/** Of the metrics server, or of a kind that nobody reads here. */
function readForeign(object: JsonObject): ApiObject | string {
  const {apiVersion, kind} = object as {apiVersion: string; kind: string};
  const structure =
    apiVersion.startsWith(`${METRICS_GROUP}/`) && (kind === 'NodeMetrics' || kind === 'PodMetrics')
      ? METRICS[kind]
      : customStructure(ANYTHING_ELSE, kind);
  const read = decode(structure, object).value as ApiObject;
  const {name} = read.metadata;
  return name === undefined || name === '' ? 'metadata.name: Required value' : read;
}

/** Two of one name or uid: copied by hand, and only half changed. */
function repetition(
  {apiVersion, kind, metadata}: ApiObject,
  known: Map<string, string>,
  description: string,
): string | undefined {
  const {namespace = '', name, uid} = metadata;
  const identity = `${apiVersion} ${kind} ${namespace}/${name}`;
  if (known.has(identity)) {
    return 'it is there twice';
  }
  known.set(identity, description);
  // Metrics have none.
  if (uid === undefined || uid === '') {
    return undefined;
  }
  const other = known.get(uid);
  known.set(uid, description);
  return other === undefined ? undefined : `metadata.uid: ${other} has the same`;
}
