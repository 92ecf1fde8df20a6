/** Requests on objects: everything below /api/v1 and /apis/<group>/<version> that is not a watch or a review. */
import type {ApiServer} from '../apiserver/api-server.ts';
import {listPage} from '../apiserver/listing.ts';
import type {Resource} from '../apiserver/resources.ts';
import {methodNotAllowed} from '../apiserver/status-error.ts';
import {createObject} from '../apiserver/writer.ts';
import {type ApiRequest, type ApiResponse, readBody} from './exchange.ts';
import {present, presentList} from './presentation.ts';
import {handleSubresource} from './subresource-handler.ts';
import {deleteRequest, listRequest, name, patch, replace, success, writeOptions} from './write-requests.ts';

/** Their deletion answers with the object instead of a Status: ReturnDeletedObject of their stores. */
const RETURNS_DELETED = new Set([
  'pods',
  'serviceaccounts',
  'persistentvolumes',
  'persistentvolumeclaims',
  'resourcequotas',
]);

export function handleResource(
  api: ApiServer,
  resource: Resource,
  request: ApiRequest,
  warn: (text: string) => void,
): ApiResponse {
  const {info} = request;
  if (info.subresource !== undefined) return handleSubresource(api, resource, request, warn);
  const {context} = api;
  const options = writeOptions(request, warn);
  switch (info.verb) {
    case 'list': {
      const page = listPage(context, resource, listRequest(request));
      return {code: 200, body: presentList(api, resource, page, request)};
    }
    case 'get':
      return {
        code: 200,
        body: present(api, resource, api.existing(resource, info.namespace, name(request)), request),
      };
    case 'create': {
      if (resource.isNamespaced && info.namespace === undefined) {
        throw methodNotAllowed(resource, 'create');
      }
      const created = createObject(context, resource, info.namespace, readBody(request), options);
      return {code: 201, body: present(api, resource, created, request)};
    }
    case 'update': {
      const result = replace(api, resource, request, options);
      return {code: result.isNew ? 201 : 200, body: present(api, resource, result.object, request)};
    }
    case 'patch': {
      const result = patch(api, resource, request, options);
      return {code: result.isNew ? 201 : 200, body: present(api, resource, result.object, request)};
    }
    case 'delete':
      return remove(api, resource, request);
    case 'deletecollection': {
      const page = listPage(context, resource, listRequest(request));
      const deleted = deleteRequest(request);
      for (const object of page.items) {
        api.deleteObject(resource, object.metadata.namespace, object.metadata.name, deleted);
      }
      return {code: 200, body: presentList(api, resource, page, request)};
    }
    default:
      throw methodNotAllowed(resource, info.verb);
  }
}

function remove(api: ApiServer, resource: Resource, request: ApiRequest): ApiResponse {
  const {namespace} = request.info;
  const {object, isGone} = api.deleteObject(resource, namespace, name(request), deleteRequest(request));
  if (!isGone || RETURNS_DELETED.has(resource.storage)) {
    return {code: 200, body: present(api, resource, object, request)};
  }
  const {group, plural} = resource;
  const details = {
    name: object.metadata.name,
    ...(group === '' ? {} : {group}),
    kind: plural,
    uid: object.metadata.uid,
  };
  return {code: 200, body: {...success(), details}};
}
