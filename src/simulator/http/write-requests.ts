/** What a request asks for, read from its query, headers and body; and the writes that objects and subresources share. */
import type {ApiServer, DeleteRequest} from '../apiserver/api-server.ts';
import type {FieldValidation, WriteOptions} from '../apiserver/context.ts';
import {asList, asObject} from '../apiserver/json.ts';
import {type PatchType, patchObject} from '../apiserver/patching.ts';
import type {Resource} from '../apiserver/resources.ts';
import {badRequest, notFound, type Status, StatusError} from '../apiserver/status-error.ts';
import {assertResourceVersion, createObject, readObject, updateDecoded} from '../apiserver/writer.ts';
import type {ApiObject} from '../cluster-api.ts';
import {type ApiRequest, fieldManager, mediaType, readBody} from './exchange.ts';
import {isTrue} from './request-info.ts';

const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** PUT makes what is not there: AllowCreateOnUpdate of their strategies. */
const CREATES_ON_UPDATE = new Set([
  'leases.coordination.k8s.io',
  'events',
  'limitranges',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
]);

export function replace(
  api: ApiServer,
  resource: Resource,
  request: ApiRequest,
  options: WriteOptions,
): {object: ApiObject; isNew: boolean} {
  const {namespace} = request.info;
  const decoded = readObject(resource, readBody(request), options);
  const given = decoded.metadata.name;
  if (given !== name(request)) {
    throw badRequest(
      given === undefined || given === ''
        ? 'name must be provided'
        : `the name of the object (${given}) does not match the name on the URL (${name(request)})`,
    );
  }
  const stored = api.context.store.get(resource.storage, namespace, name(request));
  if (stored === undefined && CREATES_ON_UPDATE.has(resource.storage) && decoded.metadata.uid === undefined) {
    return {object: createObject(api.context, resource, namespace, decoded, options), isNew: true};
  }
  const old = api.existing(resource, namespace, name(request));
  assertResourceVersion(resource, decoded, old);
  return {object: updateDecoded(api.context, resource, {old, decoded, options}), isNew: false};
}

export function patch(
  api: ApiServer,
  resource: Resource,
  request: ApiRequest,
  options: WriteOptions,
): {object: ApiObject; isNew: boolean} {
  const type = patchType(request);
  const force = isTrue(request.query.get('force'));
  if (type === 'apply' && (request.query.get('fieldManager') ?? '') === '') {
    throw patchOptionsError(
      'fieldManager',
      'FieldValueRequired',
      'Required value: is required for apply patch',
    );
  }
  if (type !== 'apply' && request.query.has('force')) {
    throw patchOptionsError(
      'force',
      'FieldValueForbidden',
      'Forbidden: may not be specified for non-apply patch',
    );
  }
  const {namespace} = request.info;
  return patchObject(
    api.context,
    resource,
    namespace,
    name(request),
    {type, patch: readBody(request), force},
    options,
  );
}

export function patchType({contentType}: ApiRequest): PatchType {
  const type = PATCH_TYPES[mediaType(contentType)];
  if (type === undefined) {
    throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  }
  return type;
}

function patchOptionsError(field: string, reason: string, message: string): StatusError {
  return new StatusError(422, 'Invalid', `PatchOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    group: 'meta.k8s.io',
    kind: 'PatchOptions',
    causes: [{reason, message, field}],
  });
}

export function deleteRequest(request: ApiRequest): DeleteRequest {
  const {query} = request;
  const body = asObject(readBody(request));
  const preconditions = asObject(body['preconditions']);
  const grace = query.get('gracePeriodSeconds') ?? body['gracePeriodSeconds'];
  const policy = query.get('propagationPolicy') ?? body['propagationPolicy'];
  const orphans = body['orphanDependents'] === true ? 'Orphan' : undefined;
  return {
    ...(typeof preconditions['uid'] === 'string' ? {uid: preconditions['uid']} : {}),
    ...(typeof preconditions['resourceVersion'] === 'string'
      ? {resourceVersion: preconditions['resourceVersion']}
      : {}),
    ...(grace === undefined || grace === null ? {} : {gracePeriodSeconds: Number(grace)}),
    ...(typeof policy === 'string' || orphans !== undefined
      ? {propagationPolicy: (policy ?? orphans) as 'Background' | 'Foreground' | 'Orphan'}
      : {}),
    dryRun: isDryRun(request) || asList(body['dryRun']).includes('All'),
  };
}

export function listRequest({info, query}: ApiRequest) {
  const text = (name_: string): string | undefined => query.get(name_) ?? undefined;
  // A watch or list of one name, as clients ask for it by path, is a field selector.
  return {
    namespace: info.namespace,
    labelSelector: text('labelSelector'),
    fieldSelector: info.name === undefined ? text('fieldSelector') : `metadata.name=${info.name}`,
    limit: Number(query.get('limit') ?? 0),
    continue: text('continue'),
    resourceVersion: text('resourceVersion'),
    resourceVersionMatch: text('resourceVersionMatch'),
  };
}

export function writeOptions(request: ApiRequest, warn: (text: string) => void): WriteOptions {
  const validation = request.query.get('fieldValidation');
  if (validation !== null && validation !== '' && !['Ignore', 'Warn', 'Strict'].includes(validation)) {
    throw badRequest(
      `fieldValidation: Unsupported value: ${JSON.stringify(validation)}: supported values: "", "Ignore", "Strict", "Warn"`,
    );
  }
  return {
    manager: fieldManager(request),
    dryRun: isDryRun(request),
    fieldValidation: (validation || 'Warn') as FieldValidation,
    warn,
  };
}

export function isDryRun({query}: ApiRequest): boolean {
  return query.getAll('dryRun').includes('All');
}

export function name({info}: ApiRequest): string {
  if (info.name === undefined) throw notFound({group: info.group, plural: info.resource}, '');
  return info.name;
}

export function success(code?: number): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(code === undefined ? {} : {code}),
  };
}
