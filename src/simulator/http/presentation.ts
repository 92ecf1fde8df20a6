/** Objects and lists in the form that the Accept header asks for. */
import type {ApiServer} from '../apiserver/api-server.ts';
import type {ListPage} from '../apiserver/listing.ts';
import {apiVersionOf, type Resource} from '../apiserver/resources.ts';
import type {ApiObject} from '../cluster-api.ts';
import {type ApiRequest, wantedForm} from './exchange.ts';
import {metadataOnly, tableOf} from './table.ts';

export function present(
  api: ApiServer,
  resource: Resource,
  object: ApiObject,
  {accept, query}: ApiRequest,
): unknown {
  switch (wantedForm(accept) ?? '') {
    case 'Table':
      return tableOf(api, resource, [object], {
        metadata: {resourceVersion: object.metadata.resourceVersion},
        includeObject: query.get('includeObject'),
      });
    case 'PartialObjectMetadata':
      return metadataOnly(object);
    default:
      return object;
  }
}

export function presentList(
  api: ApiServer,
  resource: Resource,
  page: ListPage,
  {accept, query}: ApiRequest,
): unknown {
  const {items, resourceVersion, remainingItemCount} = page;
  const metadata = {
    resourceVersion,
    ...(page.continue === undefined ? {} : {continue: page.continue}),
    ...(remainingItemCount === undefined ? {} : {remainingItemCount}),
  };
  switch (wantedForm(accept) ?? '') {
    case 'Table':
      return tableOf(api, resource, items, {metadata, includeObject: query.get('includeObject')});
    case 'PartialObjectMetadataList':
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: items.map(metadataOnly),
      };
    default:
      return {
        kind: resource.custom?.listKind ?? `${resource.kind}List`,
        apiVersion: apiVersionOf(resource),
        // Lists of custom objects say that there is no more.
        metadata: resource.custom === undefined ? metadata : {continue: '', ...metadata},
        items: resource.custom === undefined ? items.map(withoutType) : items,
      };
  }
}

/** Go omits the type of each item in a list of its own kinds. */
function withoutType(object: ApiObject): object {
  const {apiVersion: _, kind: __, ...rest} = object;
  return rest;
}
