/** Requests on subresources: status, scale, binding, eviction. */
import type {ApiServer} from '../apiserver/api-server.ts';
import type {WriteOptions} from '../apiserver/context.ts';
import {evict} from '../apiserver/eviction.ts';
import {asObject, valueAt} from '../apiserver/json.ts';
import {patchValue} from '../apiserver/patching.ts';
import type {Resource} from '../apiserver/resources.ts';
import {scaleOf, updateScale} from '../apiserver/scale.ts';
import {badRequest, genericNotFound, methodNotAllowed, StatusError} from '../apiserver/status-error.ts';
import {type ApiRequest, type ApiResponse, readBody} from './exchange.ts';
import {present} from './presentation.ts';
import {isDryRun, name, patch, patchType, replace, success, writeOptions} from './write-requests.ts';

export function handleSubresource(
  api: ApiServer,
  resource: Resource,
  request: ApiRequest,
  warn: (text: string) => void,
): ApiResponse {
  const {info} = request;
  const {subresource = '', namespace} = info;
  if (!resource.subresources.includes(subresource)) throw genericNotFound();
  switch (subresource) {
    case 'status':
    case 'finalize':
      return handleStatus(api, resource, request, {...writeOptions(request, warn), subresource});
    case 'scale':
      return handleScale(api, resource, request, {...writeOptions(request, warn), subresource});
    case 'binding': {
      const target = valueAt(readBody(request), 'target', 'name');
      if (typeof target !== 'string') throw badRequest('a binding needs target.name');
      api.bind(namespace ?? '', name(request), target);
      return {code: 201, body: success(201)};
    }
    case 'eviction': {
      if (info.verb !== 'create') throw methodNotAllowed({group: '', plural: 'pods/eviction'}, info.verb);
      const status = evict(
        {
          context: api.context,
          deletePod: (namespace_, pod, options) => api.deleteObject(resource, namespace_, pod, options),
        },
        namespace ?? '',
        name(request),
        asObject(readBody(request)),
        isDryRun(request),
      );
      return {code: status.code ?? 201, body: status};
    }
    default:
      throw new StatusError(
        501,
        'NotImplemented',
        `the simulated cluster has no ${resource.plural}/${subresource}`,
        {},
      );
  }
}

function handleStatus(
  api: ApiServer,
  resource: Resource,
  request: ApiRequest,
  options: WriteOptions,
): ApiResponse {
  const {verb, namespace} = request.info;
  switch (verb) {
    case 'get':
      return {
        code: 200,
        body: present(api, resource, api.existing(resource, namespace, name(request)), request),
      };
    case 'update':
      return {
        code: 200,
        body: present(api, resource, replace(api, resource, request, options).object, request),
      };
    case 'patch':
      return {
        code: 200,
        body: present(api, resource, patch(api, resource, request, options).object, request),
      };
    default:
      throw methodNotAllowed(resource, verb);
  }
}

function handleScale(
  api: ApiServer,
  resource: Resource,
  request: ApiRequest,
  options: WriteOptions,
): ApiResponse {
  const {verb, namespace} = request.info;
  const old = api.existing(resource, namespace, name(request));
  const scale = scaleOf(old);
  switch (verb) {
    case 'get':
      return {code: 200, body: scale};
    case 'update':
      return {code: 200, body: updateScale(api.context, resource, old, readBody(request), options)};
    case 'patch': {
      const type = patchType(request);
      const changed = patchValue(resource, scale, {
        type: type === 'json' ? 'json' : 'merge',
        patch: readBody(request),
      });
      return {code: 200, body: updateScale(api.context, resource, old, changed, options)};
    }
    default:
      throw methodNotAllowed(resource, verb);
  }
}
