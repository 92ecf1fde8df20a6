import {isExpired} from './api-error.ts';
import type {Query, Requests} from './client.ts';

interface List<Raw> {
  readonly metadata?: {readonly resourceVersion?: string; readonly continue?: string};
  readonly items?: readonly Raw[] | null;
}

export interface Listing<T> {
  readonly resourceVersion: string;
  readonly items: T[];
  readonly pages: number;
}

export interface ListPagerOptions<Raw, T> {
  readonly client: Requests;
  readonly path: string;
  readonly query?: Query;
  readonly pageSize?: number;
  /** Makes the small value that is kept; the page itself is garbage after its turn. */
  readonly trim: (raw: Raw) => T;
}

// client-go's default. One page of pods is a few megabytes and a few tens of milliseconds of parsing.
const PAGE_SIZE = 500;

/** client-go's ListPager: all pages of one consistent list. */
export class ListPager<Raw, T> {
  readonly #options: ListPagerOptions<Raw, T>;

  constructor(options: ListPagerOptions<Raw, T>) {
    this.#options = options;
  }

  async list(signal?: AbortSignal): Promise<Listing<T>> {
    const {trim, pageSize = PAGE_SIZE} = this.#options;
    const items: T[] = [];
    let pages = 0;
    let token: string | undefined;
    let resourceVersion: string | undefined;
    do {
      let page: List<Raw>;
      try {
        page = await this.#page({limit: pageSize, continue: token}, signal);
      } catch (error) {
        // On the first page, an expired answer is the caller's to see.
        if (!isExpired(error) || token === undefined) throw error;
        // The snapshot behind the token was compacted. A token for what remains would mix two snapshots, so as
        // client-go: everything at once.
        page = await this.#page({}, signal);
        items.length = 0;
        resourceVersion = undefined;
      }
      pages++;
      for (const raw of page.items ?? []) items.push(trim(raw));
      resourceVersion ??= page.metadata?.resourceVersion;
      token = page.metadata?.continue || undefined;
    } while (token !== undefined);
    return {resourceVersion: resourceVersion ?? '', items, pages};
  }

  async #page(paging: Query, signal: AbortSignal | undefined): Promise<List<Raw>> {
    const {client, path, query} = this.#options;
    const {body} = await client.request<List<Raw>>({
      method: 'GET',
      path,
      query: {...query, ...paging},
      signal,
    });
    return body;
  }
}
