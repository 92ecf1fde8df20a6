/** PATCH in its four forms, on an object or a subresource. Source: apiserver/pkg/endpoints/handlers/patch.go. */
import type {ApiObject} from '../cluster-api.ts';
import type {ServerContext, WriteOptions} from './context.ts';
import {DecodeError, decode} from './decode.ts';
import {fromStored} from './event-versions.ts';
import {asObject, isObject, type JsonObject, textOf} from './json.ts';
import {applyTo} from './managed-fields.ts';
import {applyJsonPatch, applyMergePatch} from './patch/json-patch.ts';
import {applyStrategicMergePatch} from './patch/strategic-merge-patch.ts';
import type {Resource} from './resources.ts';
import {badRequest, modified, notFound, StatusError} from './status-error.ts';
import {createDecoded, readObject, updateDecoded} from './writer.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface PatchRequest {
  readonly type: PatchType;
  readonly patch: unknown;
  readonly force?: boolean;
}

export interface PatchResult {
  readonly object: ApiObject;
  readonly isNew: boolean;
}

export function patchObject(
  context: ServerContext,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  request: PatchRequest,
  options: WriteOptions,
): PatchResult {
  const stored = context.store.get(resource.storage, namespace, name);
  const old = stored === undefined ? undefined : fromStored(resource, stored);
  if (request.type === 'apply') return apply(context, resource, namespace, name, old, request, options);
  if (old === undefined) throw notFound(resource, name);
  const patched = patchValue(resource, old, request);
  const decoded = readObject(resource, patched, options);
  const {resourceVersion} = decoded.metadata;
  if (
    resourceVersion !== undefined &&
    resourceVersion !== '' &&
    resourceVersion !== old.metadata.resourceVersion
  ) {
    throw modified(resource, name);
  }
  return {object: updateDecoded(context, resource, {old, decoded, options}), isNew: false};
}

/** The document that a patch makes of another; also for what is not stored, such as a Scale. */
export function patchValue(resource: Resource, document: JsonObject, {type, patch}: PatchRequest): unknown {
  switch (type) {
    case 'json':
      return applyJsonPatch(document, patch);
    case 'merge':
      return applyMergePatch(document, patch);
    case 'apply':
    case 'strategic':
      if (resource.custom !== undefined) throw unsupportedPatch();
      return applyStrategicMergePatch(resource.structure, document, patch);
  }
}

function unsupportedPatch(): StatusError {
  return new StatusError(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );
}

function apply(
  context: ServerContext,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  live: ApiObject | undefined,
  {patch, force = false}: PatchRequest,
  options: WriteOptions,
): PatchResult {
  if (!isObject(patch)) throw badRequest('error decoding YAML: the apply patch is not an object');
  const config = readConfig(resource, namespace, name, patch);
  const given = asObject(config['metadata'])['resourceVersion'];
  if (live !== undefined && given !== undefined && given !== live.metadata.resourceVersion) {
    throw modified(resource, name);
  }
  const {object, own} = applyTo(context, resource, live, config, {...options, force});
  const decoded = readObject(resource, object, options);
  if (live === undefined) {
    if (options.subresource !== undefined) throw notFound(resource, name);
    return {object: createDecoded(context, resource, namespace, decoded, options, own), isNew: true};
  }
  return {object: updateDecoded(context, resource, {old: live, decoded, options, own}), isNew: false};
}

/** What is applied, as said: without defaults and structs, because absence means "not mine". */
function readConfig(
  resource: Resource,
  namespace: string | undefined,
  name: string,
  patch: JsonObject,
): JsonObject {
  const metadata = asObject(patch['metadata']);
  if (metadata['managedFields'] !== undefined) throw badRequest('metadata.managedFields must be nil');
  if (patch['apiVersion'] === undefined || patch['kind'] === undefined) {
    throw badRequest(`invalid object type: /, Kind=`);
  }
  if (metadata['name'] !== undefined && metadata['name'] !== name) {
    throw badRequest(
      `the name of the object (${textOf(metadata['name'])}) does not match the name on the URL (${name})`,
    );
  }
  const title = `${textOf(metadata['namespace'] ?? '')}/${name}; ${textOf(patch['apiVersion'])}, Kind=${resource.kind}`;
  let decoded: {value: unknown; unknown: readonly string[]};
  try {
    decoded = decode(resource.structure, patch, {fillsStructs: false});
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw internalTypedError(title, error.message);
  }
  const [unknown] = decoded.unknown;
  if (unknown !== undefined) throw internalTypedError(title, `.${unknown}: field not declared in schema`);
  const value = asObject(decoded.value);
  return {
    ...value,
    metadata: {...asObject(value['metadata']), name, ...(namespace === undefined ? {} : {namespace})},
  };
}

function internalTypedError(title: string, problem: string): StatusError {
  const message = `failed to create typed patch object (${title}): ${problem}`;
  return new StatusError(500, '', message);
}
