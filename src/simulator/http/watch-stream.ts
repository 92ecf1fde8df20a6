/** A watch as a stream of lines, ended by its time-out, by the client or by the server. */
import type {Clock} from '../../clock.ts';
import type {ApiServer} from '../apiserver/api-server.ts';
import {isObject} from '../apiserver/json.ts';
import {assertWatchable, type WatchEvent, watch} from '../apiserver/listing.ts';
import type {Resource} from '../apiserver/resources.ts';
import type {ApiObject} from '../cluster-api.ts';
import {type ApiRequest, type HttpReply, wantedForm} from './exchange.ts';
import {isTrue} from './request-info.ts';
import {metadataOnly, tableOf} from './table.ts';
import {listRequest} from './write-requests.ts';

export interface WatchStreamOptions {
  readonly clock: Clock;
  readonly bookmarkMilliseconds: number;
  readonly defaultTimeoutSeconds: number;
}

/** Resolves with a function that ends the stream. */
export function streamWatch(
  api: ApiServer,
  resource: Resource,
  request: ApiRequest,
  response: HttpReply,
  {clock, bookmarkMilliseconds, defaultTimeoutSeconds}: WatchStreamOptions,
): () => void {
  const {query} = request;
  const form = watchForm(request);
  let hasColumns = false;
  const present = (object: object): object => {
    if (form === 'Table') {
      const withoutColumns = hasColumns;
      hasColumns = true;
      const metadata = {resourceVersion: (object as ApiObject).metadata.resourceVersion};
      const rows = isBookmark(object) ? [] : [object as ApiObject];
      return tableOf(api, resource, rows, {
        metadata,
        includeObject: query.get('includeObject'),
        withoutColumns,
      });
    }
    return form === 'PartialObjectMetadata' ? metadataOnly(object as ApiObject) : object;
  };

  const asked = {
    ...listRequest(request),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: isTrue(query.get('sendInitialEvents')),
  };
  assertWatchable(resource, asked);
  response.writeHead(200, {
    'content-type': 'application/json',
    'cache-control': 'no-cache, private',
    'transfer-encoding': 'chunked',
  });
  response.flushHeaders();
  let isEnded = false;
  const deliver = ({type, object}: WatchEvent): void => {
    if (isEnded) return;
    const presented = type === 'ERROR' ? object : present(object);
    response.write(`${JSON.stringify({type, object: presented})}\n`);
    if (type === 'ERROR') queueMicrotask(() => end());
  };
  let cancelBookmark = (): void => {};
  let cancelTimeout = (): void => {};
  let stopWatch = (): void => {};
  const end = (): void => {
    if (isEnded) return;
    isEnded = true;
    stopWatch();
    cancelBookmark();
    cancelTimeout();
    response.end();
  };
  const subscription = watch(api.context, resource, asked, deliver);
  stopWatch = () => subscription.stop();
  if (isEnded) return end;
  const scheduleBookmark = (): void => {
    cancelBookmark = clock.after(bookmarkMilliseconds, () => {
      subscription.bookmark();
      scheduleBookmark();
    });
  };
  scheduleBookmark();
  const seconds = Number(query.get('timeoutSeconds') ?? 0) || defaultTimeoutSeconds;
  cancelTimeout = clock.after(seconds * 1000, end);
  response.on('close', end);
  return end;
}

function isBookmark(object: object): boolean {
  const metadata = (object as {metadata?: unknown}).metadata;
  return isObject(metadata) && metadata['name'] === undefined;
}

function watchForm({accept}: ApiRequest): string | undefined {
  const form = wantedForm(accept);
  return form === 'Table' || form === 'PartialObjectMetadata' ? form : undefined;
}
