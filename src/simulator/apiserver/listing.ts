/** Lists in pages and watches, with selectors: apiserver/pkg/storage and the watch cache. */
import type {ApiObject} from '../cluster-api.ts';
import type {ServerContext} from './context.ts';
import {decode} from './decode.ts';
import {fromStored} from './event-versions.ts';
import {asObject, isObject, textOf, valueAt} from './json.ts';
import {apiVersionOf, type Resource} from './resources.ts';
import {type ObjectPredicate, parseFieldSelector, parseLabelSelector} from './selectors.ts';
import {badRequest, invalid, invalidObject, StatusError} from './status-error.ts';
import {keyOfObject, type RecordedChange} from './store.ts';

export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListRequest extends Selection {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
}

export interface ListPage {
  readonly items: readonly ApiObject[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

interface Token {
  readonly rv: number;
  readonly start: string;
}

export function listPage(context: ServerContext, resource: Resource, request: ListRequest): ListPage {
  const {store} = context;
  const token =
    request.continue === undefined || request.continue === '' ? undefined : readToken(request.continue);
  const revision = token?.rv ?? wantedRevision(context, request);
  const all = store.listAt(resource.storage, request.namespace, revision);
  const matches = predicateOf(resource, request);
  const rest = token === undefined ? all : all.filter((object) => keyOfObject(object) >= token.start);
  const limit = request.limit ?? 0;
  const items: ApiObject[] = [];
  let index = 0;
  const most = limit === 0 ? Number.POSITIVE_INFINITY : limit;
  for (; index < rest.length; index++) {
    if (items.length >= most) break;
    const object = rest[index];
    if (object === undefined) continue;
    const versioned = fromStored(resource, object);
    if (matches(versioned)) items.push(versioned);
  }
  const next = rest[index];
  const resourceVersion = String(revision);
  if (next === undefined) return {items, resourceVersion};
  const isSelecting = Boolean(request.labelSelector) || Boolean(request.fieldSelector);
  return {
    items,
    resourceVersion,
    continue: writeToken({rv: revision, start: keyOfObject(next)}),
    // Not known when a selector decides.
    ...(isSelecting ? {} : {remainingItemCount: rest.length - index}),
  };
}

function wantedRevision({store}: ServerContext, request: ListRequest): number {
  const {resourceVersion = '', resourceVersionMatch = ''} = request;
  if (resourceVersionMatch !== '' && resourceVersion === '') {
    throw listOptionsError(
      'resourceVersionMatch',
      'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
  }
  if (resourceVersion === '' || resourceVersion === '0') return store.revision;
  const wanted = parseRevision(resourceVersion);
  if (wanted > store.revision) {
    throw new StatusError(
      504,
      'Timeout',
      `Timeout: Too large resource version: ${wanted}, current: ${store.revision}`,
      {
        causes: [{reason: 'ResourceVersionTooLarge', message: 'Too large resource version'}],
        retryAfterSeconds: 1,
      },
    );
  }
  return resourceVersionMatch === 'Exact' ? wanted : store.revision;
}

function listOptionsError(field: string, message: string): StatusError {
  const title = 'ListOptions.meta.k8s.io';
  return new StatusError(422, 'Invalid', `${title} "" is invalid: ${field}: ${message}`, {
    group: 'meta.k8s.io',
    kind: 'ListOptions',
    causes: [{reason: 'FieldValueForbidden', message, field}],
  });
}

function parseRevision(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw invalidObject('', '', '', [
    invalid('resourceVersion', text, 'strconv.ParseUint: parsing: invalid syntax'),
  ]);
}

function writeToken({rv, start}: Token): string {
  return Buffer.from(JSON.stringify({v: 'meta.k8s.io/v1', rv, start})).toString('base64url');
}

function readToken(text: string): Token {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Token;
    if (typeof token.rv === 'number' && typeof token.start === 'string') return token;
  } catch {
    // The answer is the same whatever is wrong with it.
  }
  const illegal = text.search(/[^\w-]/);
  const at = illegal >= 0 ? illegal : text.length % 4 === 1 ? text.length - 1 : 0;
  throw badRequest(
    `invalid continue token: continue key is not valid: illegal base64 data at input byte ${at}`,
  );
}

function predicateOf(
  resource: Resource,
  {labelSelector = '', fieldSelector = ''}: Selection,
): ObjectPredicate {
  const byLabels = labelSelector === '' ? undefined : parseLabelSelector(labelSelector);
  const byFields =
    fieldSelector === ''
      ? undefined
      : parseFieldSelector(
          fieldSelector,
          [
            'metadata.name',
            ...(resource.isNamespaced ? ['metadata.namespace'] : []),
            ...resource.selectableFields,
          ],
          fieldValue,
        );
  return (object) => (byLabels?.(object) ?? true) && (byFields?.(object) ?? true);
}

function fieldValue(object: ApiObject, field: string): string {
  if (field === 'source') return textOf(valueAt(object, 'source', 'component') ?? '');
  const value = valueAt(object, ...field.split('.'));
  if (value !== undefined && !isObject(value)) return textOf(value);
  return field === 'spec.unschedulable' || field === 'spec.hostNetwork' ? 'false' : '';
}

export interface WatchRequest extends Selection {
  readonly resourceVersion?: string | undefined;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: object;
}

export interface Watch {
  /** With the newest resourceVersion, for clients that asked for bookmarks. */
  bookmark(): void;
  stop(): void;
}

/** Throws what is wrong with a request to watch, as long as it can still be answered with an error. */
export function assertWatchable(resource: Resource, request: WatchRequest): void {
  predicateOf(resource, request);
  parseRevision(request.resourceVersion || '0');
}

/** What happened since is delivered before this returns. */
export function watch(
  context: ServerContext,
  resource: Resource,
  request: WatchRequest,
  deliver: (event: WatchEvent) => void,
): Watch {
  const {store} = context;
  const matches = predicateOf(resource, request);
  const {namespace, resourceVersion = '', sendInitialEvents = false} = request;
  const isInitial = sendInitialEvents || resourceVersion === '' || resourceVersion === '0';
  const from = isInitial ? store.revision : parseRevision(resourceVersion);

  const forward = (change: RecordedChange): void => {
    if (change.resource !== resource.storage || change.revision <= from) return;
    if (namespace !== undefined && namespace !== '' && change.object.metadata.namespace !== namespace) return;
    const event = selectedEvent(resource, change, matches);
    if (event !== undefined) deliver(event);
  };
  const bookmark = (annotations?: object): void => {
    deliver({type: 'BOOKMARK', object: bookmarkOf(resource, store.revision, annotations)});
  };

  if (isInitial) {
    for (const object of store.list(resource.storage, namespace)) {
      const versioned = fromStored(resource, object);
      if (matches(versioned)) deliver({type: 'ADDED', object: versioned});
    }
    if (sendInitialEvents) bookmark({'k8s.io/initial-events-end': 'true'});
  } else if (from < store.revision) {
    let missed: RecordedChange[];
    try {
      missed = store.changesSince(resource.storage, from);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // A watch that has begun says so in an event.
      deliver({type: 'ERROR', object: error.status()});
      return {bookmark: () => {}, stop: () => {}};
    }
    for (const change of missed) forward(change);
  }
  const stop = store.onChange(forward);
  return {stop, bookmark: () => (request.allowWatchBookmarks === true ? bookmark() : undefined)};
}

/** What enters or leaves the selection is added or deleted for who watches it. */
function selectedEvent(
  resource: Resource,
  {type, object, previous}: RecordedChange,
  matches: ObjectPredicate,
): WatchEvent | undefined {
  const versioned = fromStored(resource, object);
  const was = previous !== undefined && matches(fromStored(resource, previous));
  if (type === 'DELETED') return was ? {type, object: versioned} : undefined;
  const is = matches(versioned);
  if (is) return {type: was ? 'MODIFIED' : 'ADDED', object: versioned};
  if (!was || previous === undefined) return undefined;
  const {resourceVersion} = object.metadata;
  const last = fromStored(resource, previous);
  return {type: 'DELETED', object: {...last, metadata: {...last.metadata, resourceVersion}}};
}

function bookmarkOf(resource: Resource, revision: number, annotations?: object): object {
  // An otherwise empty Go object, which still has its structs.
  const empty = resource.custom === undefined ? asObject(decode(resource.structure, {}).value) : {};
  return {
    ...empty,
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(annotations === undefined ? {} : {annotations}),
    },
  };
}
