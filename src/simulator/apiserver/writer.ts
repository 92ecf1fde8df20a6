/**
 * The way of an object into the store: decoding, metadata, defaults, admission, validation, ownership, generation.
 * Sources: apiserver/pkg/registry/rest/{create,update}.go, generic/registry/store.go and the strategies of
 * kubernetes/pkg/registry.
 */
import type {ApiObject} from '../cluster-api.ts';
import {timestamp} from '../timestamp.ts';
import {admitCreation, assertNamespaceTakesObjects} from './admission.ts';
import {makeUid, randomSuffix, type ServerContext, type WriteOptions} from './context.ts';
import {DecodeError, decode} from './decode.ts';
import {isDeletable} from './deletion.ts';
import {toStored} from './event-versions.ts';
import {asObject, equals, isObject, type JsonObject, textOf, valueAt} from './json.ts';
import {applyDefaults} from './kinds/defaults.ts';
import type {Draft} from './kinds/draft.ts';
import {prepareForCreate, prepareForUpdate} from './kinds/strategy.ts';
import {validateObject, validateObjectUpdate} from './kinds/validation.ts';
import {managersOf, trackUpdate, withManagers} from './managed-fields.ts';
import {validateMetadata, validateMetadataUpdate} from './metadata.ts';
import {apiVersionOf, type Resource} from './resources.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  invalidObject,
  modified,
  StatusError,
} from './status-error.ts';

/** A body as the object it stands for, without defaults. Throws 400. */
export function readObject(
  resource: Resource,
  body: unknown,
  options: WriteOptions,
  stored?: ApiObject,
): ApiObject {
  if (!isObject(body)) throw badRequest('the object provided is not a JSON object');
  const apiVersion = apiVersionOf(resource);
  assertKind(resource, body);
  const {value, unknown} = decodeObject(resource, body, stored);
  reportUnknown(resource, unknown, options);
  const draft = value as Draft;
  draft['metadata'] = asObject(draft['metadata']);
  const {apiVersion: _, kind: __, metadata, ...rest} = draft;
  return {apiVersion, kind: resource.kind, metadata, ...rest} as unknown as ApiObject;
}

function assertKind(resource: Resource, body: JsonObject): void {
  const [kind, apiVersion] = [body['kind'], body['apiVersion']];
  if (typeof kind === 'string' && kind !== '' && kind !== resource.kind) {
    const version = textOf(apiVersion ?? '').replace(/^.*\//, '');
    const internal = resource.group === '' ? 'core' : (resource.group.split('.')[0] ?? '');
    throw badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${resource.kind}: converting (${version}.${kind}) to (${internal}.${resource.kind}): unknown conversion`,
    );
  }
  if (typeof apiVersion === 'string' && apiVersion !== '' && apiVersion !== apiVersionOf(resource)) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(resource)})`,
    );
  }
}

function decodeObject(
  resource: Resource,
  body: JsonObject,
  stored?: ApiObject,
): {value: unknown; unknown: readonly string[]} {
  try {
    if (resource.custom !== undefined) return resource.custom.decode(body);
    return decode(resource.structure, body, {stored});
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw badRequest(
      `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}: ${error.message}`,
    );
  }
}

/** fieldValidation: Strict refuses unknown fields, Warn (the default) warns. */
function reportUnknown(resource: Resource, unknown: readonly string[], options: WriteOptions): void {
  if (unknown.length === 0) return;
  const problems = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (options.fieldValidation === 'Strict') {
    const title = `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}`;
    throw badRequest(`${title}: strict decoding error: ${problems.join(', ')}`);
  }
  if (options.fieldValidation !== 'Ignore') for (const problem of problems) options.warn?.(problem);
}

export function createObject(
  context: ServerContext,
  resource: Resource,
  namespace: string | undefined,
  body: unknown,
  options: WriteOptions,
): ApiObject {
  const object = readObject(resource, body, options);
  return createDecoded(context, resource, namespace, object, options);
}

/** Also what a server-side apply of a new name ends in, with its own idea of ownership. */
export function createDecoded(
  context: ServerContext,
  resource: Resource,
  namespace: string | undefined,
  decoded: ApiObject,
  options: WriteOptions,
  own: (object: ApiObject) => ApiObject = (object) =>
    trackUpdate(context, resource, undefined, object, options),
): ApiObject {
  const {store} = context;
  const metadata: Draft = {...decoded.metadata};
  assertNamespace(resource, metadata, namespace);
  const given = metadata['resourceVersion'];
  if (given !== undefined && given !== '') {
    // As the real server answers: a plain error, without a reason.
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  if (metadata['name'] === undefined && typeof metadata['generateName'] === 'string') {
    metadata['name'] = metadata['generateName'].slice(0, 58) + randomSuffix(context.random);
  }
  const name = textOf(metadata['name'] ?? '');
  if (resource.isNamespaced && namespace !== undefined) {
    assertNamespaceTakesObjects(context, resource, namespace, name);
  }
  for (const field of [
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'selfLink',
    'generation',
    'resourceVersion',
  ]) {
    delete metadata[field];
  }
  metadata['uid'] = makeUid(context.random);
  metadata['creationTimestamp'] = timestamp(context.now());
  if (resource.hasGeneration) metadata['generation'] = 1;

  const draft: Draft = {...decoded, metadata};
  if (resource.custom === undefined) applyDefaults(resource.storage, draft);
  // Ownership is what was asked for, not what admission and the strategy make of it.
  const managed = managersOf(own({...draft} as unknown as ApiObject));
  admitCreation(context, resource, draft);
  prepareForCreate(resource, draft);
  const object = withManagers(draft as unknown as ApiObject, managed);
  const errors = [
    ...validateMetadata(resource, object),
    ...(resource.custom === undefined
      ? validateObject(resource, object)
      : resource.custom.validate(object, undefined)),
  ];
  if (errors.length > 0) throw invalidObject(resource.group, resource.kind, name, errors);
  if (store.get(resource.storage, metadataNamespace(object), name) !== undefined) {
    throw alreadyExists(resource, name);
  }
  return commit(context, resource, object, options);
}

function assertNamespace(resource: Resource, metadata: Draft, namespace: string | undefined): void {
  if (!resource.isNamespaced) {
    if (metadata['namespace'] !== undefined && metadata['namespace'] !== '') {
      throw badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    }
    delete metadata['namespace'];
    return;
  }
  const given = metadata['namespace'];
  if (given !== undefined && given !== '' && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  metadata['namespace'] = namespace;
}

export interface UpdateInput {
  readonly old: ApiObject;
  readonly decoded: ApiObject;
  readonly options: WriteOptions;
  /** How ownership follows from the change; an update's way unless told otherwise. */
  readonly own?: (object: ApiObject) => ApiObject;
}

/** A change of a stored object, from PUT, PATCH, apply or a controller. */
export function updateDecoded(context: ServerContext, resource: Resource, input: UpdateInput): ApiObject {
  const {old, decoded, options} = input;
  const metadata: Draft = {...decoded.metadata};
  assertNamespace(resource, metadata, old.metadata.namespace);
  assertSameObject(resource, metadata, old);
  for (const field of [
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
    'resourceVersion',
  ] as const) {
    if (old.metadata[field] === undefined) delete metadata[field];
    else metadata[field] = old.metadata[field];
  }
  delete metadata['selfLink'];

  const draft: Draft = {...decoded, metadata};
  if (resource.custom === undefined && options.subresource === undefined)
    applyDefaults(resource.storage, draft);
  const own = input.own ?? ((object: ApiObject) => trackUpdate(context, resource, old, object, options));
  const managed = managersOf(own({...draft} as unknown as ApiObject));
  prepareForUpdate(resource, draft, old, options.subresource);
  // The strategies of the status subresource leave it as it was, whatever annotations come along.
  if (resource.hasGeneration && options.subresource !== 'status' && changesIntent(resource, draft, old)) {
    draft['metadata'] = {...asObject(draft['metadata']), generation: (old.metadata.generation ?? 0) + 1};
  }
  const object = withManagers(draft as unknown as ApiObject, managed);
  const errors = [
    ...validateMetadata(resource, object),
    ...validateMetadataUpdate(object, old),
    // The strategy of custom objects checks metadata twice.
    ...(resource.custom === undefined ? [] : validateMetadataUpdate(object, old)),
    ...(resource.custom === undefined
      ? validateObjectUpdate(resource, object, old, options.subresource)
      : resource.custom.validate(object, old)),
  ];
  if (errors.length > 0) throw invalidObject(resource.group, resource.kind, old.metadata.name, errors);
  if (equals(object, old)) return old;
  return commit(context, resource, object, options);
}

/** PUT without a resourceVersion is refused for these: AllowUnconditionalUpdate of their strategies is false. */
const CONDITIONAL_ONLY = new Set([
  'leases.coordination.k8s.io',
  'poddisruptionbudgets.policy',
  'customresourcedefinitions.apiextensions.k8s.io',
  'apiservices.apiregistration.k8s.io',
]);

export function assertResourceVersion(resource: Resource, {metadata}: ApiObject, old: ApiObject): void {
  const {resourceVersion} = metadata;
  if (resourceVersion === undefined || resourceVersion === '' || resourceVersion === '0') {
    if (resource.custom !== undefined || CONDITIONAL_ONLY.has(resource.storage)) {
      // The store says it, which knows the plural only.
      throw invalidObject(resource.group, resource.plural, old.metadata.name, [
        invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
      ]);
    }
    return;
  }
  if (resourceVersion !== old.metadata.resourceVersion) throw modified(resource, old.metadata.name);
}

function assertSameObject(resource: Resource, metadata: Draft, old: ApiObject): void {
  if (metadata['name'] !== old.metadata.name) {
    throw badRequest(
      `the name of the object (${textOf(metadata['name'] ?? '')}) does not match the name on the URL (${old.metadata.name})`,
    );
  }
  const {uid} = metadata;
  if (uid === undefined || uid === '' || uid === old.metadata.uid) return;
  throw conflict(
    resource,
    old.metadata.name,
    `Precondition failed: UID in precondition: ${textOf(uid)}, UID in object meta: ${old.metadata.uid}`,
  );
}

/** Whether generation counts the change: everything but metadata and status. */
function changesIntent(resource: Resource, draft: Draft, old: ApiObject): boolean {
  if (resource.custom !== undefined && !resource.subresources.includes('status')) {
    const {metadata: _, ...now} = draft;
    const {metadata: __, ...before} = old;
    return !equals(now, before);
  }
  // The strategy of Deployments counts annotations too.
  const annotations = valueAt(draft, 'metadata', 'annotations');
  if (resource.storage === 'deployments.apps' && !equals(annotations, old.metadata.annotations)) return true;
  const {metadata: _, status: __, ...now} = draft;
  const {metadata: ___, status: ____, ...before} = old;
  return !equals(now, before);
}

function metadataNamespace({metadata}: ApiObject): string | undefined {
  return metadata.namespace;
}

/** Stores the object, or removes it when it was only waiting for this change. */
function commit(
  context: ServerContext,
  resource: Resource,
  object: ApiObject,
  {dryRun = false}: WriteOptions,
): ApiObject {
  const {store} = context;
  if (dryRun) return object;
  const written = withRevision(context, object);
  const stored = toStored(resource, written);
  if (isDeletable(resource, stored)) store.remove(resource.storage, stored);
  else store.put(resource.storage, stored);
  return written;
}

export function withRevision({store}: ServerContext, object: ApiObject): ApiObject {
  return {...object, metadata: {...object.metadata, resourceVersion: String(store.nextRevision)}};
}
