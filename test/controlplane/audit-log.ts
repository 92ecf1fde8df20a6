import {randomUUID} from 'node:crypto';
import {open} from 'node:fs/promises';

import type {AdminClient} from './admin.ts';
import {waitFor} from './wait-for.ts';

/** An entry of the API server's audit log (audit.k8s.io/v1 Event), as far as tests look into it. */
export interface AuditEvent {
  stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic';
  verb: string;
  requestURI: string;
  user: {username: string; groups?: string[]};
  userAgent?: string;
  objectRef?: {
    resource?: string;
    subresource?: string;
    namespace?: string;
    name?: string;
    apiGroup?: string;
    apiVersion?: string;
  };
  responseStatus?: {code: number; reason?: string; message?: string};
  /** Only for evictions. */
  requestObject?: {
    deleteOptions?: {dryRun?: string[]; preconditions?: {uid?: string}; gracePeriodSeconds?: number};
  };
  requestReceivedTimestamp: string;
  stageTimestamp: string;
}

/** A pod that the API server really agreed to evict. */
export interface EvictionRecord {
  pod: string;
  namespace: string;
  user: string;
  /** When the server answered. */
  timestamp: Date;
}

/** What the API server wrote down about every request since the cluster began. */
export abstract class AuditTrail {
  /** All requests that ended before this call, oldest first. Watches appear when they begin, and again at their end. */
  abstract events(filter?: (event: AuditEvent) => boolean): Promise<AuditEvent[]>;

  /** Evictions that happened: created (201), and not as a dry run. */
  async evictions(filter: (eviction: EvictionRecord) => boolean = () => true): Promise<EvictionRecord[]> {
    const events = await this.events(
      ({stage, verb, objectRef, responseStatus, requestURI, requestObject}) =>
        stage === 'ResponseComplete' &&
        verb === 'create' &&
        objectRef?.resource === 'pods' &&
        objectRef.subresource === 'eviction' &&
        responseStatus?.code === 201 &&
        !requestURI.includes('dryRun=') &&
        (requestObject?.deleteOptions?.dryRun ?? []).length === 0,
    );
    return events
      .map(({objectRef, user, stageTimestamp}) => ({
        pod: objectRef?.name ?? '',
        namespace: objectRef?.namespace ?? '',
        user: user.username,
        timestamp: new Date(stageTimestamp),
      }))
      .filter(filter);
  }

  /**
   * How often a user called what, refused calls included: `{'create pods/eviction': 2, 'watch nodes': 1}`. Requests
   * that are not about resources count under their path: `'get /readyz'`.
   */
  async requestsBy(user: string, since = new Date(0)): Promise<Record<string, number>> {
    const events = await this.events(
      ({stage, verb, user: {username}, requestReceivedTimestamp}) =>
        username === user &&
        // A watch is one request, from its beginning.
        stage === (verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete') &&
        new Date(requestReceivedTimestamp) >= since,
    );
    const counts: Record<string, number> = {};
    for (const {verb, objectRef, requestURI} of events) {
      const what =
        objectRef?.resource === undefined
          ? (requestURI.split('?')[0] ?? requestURI)
          : [objectRef.resource, objectRef.subresource].filter((part) => part !== undefined).join('/');
      const key = `${verb} ${what}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }
}

/** Reads the audit log of a real API server. */
export class AuditLog extends AuditTrail {
  readonly #path: string;
  readonly #admin: AdminClient;
  readonly #events: AuditEvent[] = [];
  #offset = 0;
  #unfinishedLine = '';
  #reading: Promise<void> = Promise.resolve();

  constructor(path: string, admin: AdminClient) {
    super();
    this.#path = path;
    this.#admin = admin;
  }

  override async events(filter: (event: AuditEvent) => boolean = () => true): Promise<AuditEvent[]> {
    // The log is written after the response: a request of our own marks how far it has to be read.
    const marker = `/version?audit-marker=${randomUUID()}`;
    await this.#admin.get(marker);
    await waitFor(
      'the audit log has the latest requests',
      async () => {
        // One read at a time: two that overlap would both move the offset.
        this.#reading = this.#reading.then(() => this.#read());
        await this.#reading;
        return this.#events.findLast(({requestURI}) => requestURI === marker) !== undefined;
      },
      {timeout: 10_000, interval: 20, state: () => `${this.#path} has ${this.#events.length} entries`},
    );
    return this.#events.filter((event) => !event.requestURI.includes('audit-marker=')).filter(filter);
  }

  async #read(): Promise<void> {
    const file = await open(this.#path, 'r');
    try {
      const {size} = await file.stat();
      const buffer = Buffer.alloc(size - this.#offset);
      const {bytesRead} = await file.read(buffer, 0, buffer.length, this.#offset);
      this.#offset += bytesRead;
      // latin1 keeps the bytes of a character together that the end of this read cuts in two.
      const lines = (this.#unfinishedLine + buffer.toString('latin1', 0, bytesRead)).split('\n');
      this.#unfinishedLine = lines.pop() ?? '';
      for (const line of lines) {
        this.#events.push(JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as AuditEvent);
      }
    } finally {
      await file.close();
    }
  }
}
