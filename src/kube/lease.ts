/** One coordination.k8s.io/v1 Lease as a lock with optimistic concurrency: client-go's resourcelock.LeaseLock. */
import type {Requests} from './client.ts';
import {microTime} from './micro-time.ts';
import {resourcePath} from './paths.ts';

export interface LeaderElectionRecord {
  /** Empty: released, anyone may take it. */
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  /** As written by the holder's clock: for people to read, never to be compared with ours. */
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

export interface ObservedRecord {
  readonly record: LeaderElectionRecord;
  readonly resourceVersion: string;
}

interface Lease {
  readonly metadata: {readonly resourceVersion?: string; readonly [field: string]: unknown};
  readonly spec?: {readonly [Field in keyof LeaderElectionRecord]?: LeaderElectionRecord[Field] | null};
}

const API_VERSION = 'coordination.k8s.io/v1';

export interface LeaseLockOptions {
  readonly client: Requests;
  readonly namespace: string;
  readonly name: string;
  /** Of each call. */
  readonly timeoutMilliseconds: number;
}

export class LeaseLock {
  readonly #options: LeaseLockOptions;
  /** The lease as last read or written, so that others' labels survive our update. */
  #lease: Lease | undefined;

  constructor(options: LeaseLockOptions) {
    this.#options = options;
  }

  describe(): string {
    return `${this.#options.namespace}/${this.#options.name}`;
  }

  async get(signal?: AbortSignal): Promise<ObservedRecord> {
    const {namespace, name} = this.#options;
    const path = resourcePath(API_VERSION, 'leases', {namespace, name});
    return this.#call('GET', path, undefined, signal);
  }

  async create(record: LeaderElectionRecord, signal?: AbortSignal): Promise<ObservedRecord> {
    const {namespace, name} = this.#options;
    const path = resourcePath(API_VERSION, 'leases', {namespace});
    const body = {apiVersion: API_VERSION, kind: 'Lease', metadata: {namespace, name}, spec: record};
    return this.#call('POST', path, body, signal);
  }

  /** Fails with a conflict when someone else wrote since our last get, create or update. */
  async update(record: LeaderElectionRecord, signal?: AbortSignal): Promise<ObservedRecord> {
    const {namespace, name} = this.#options;
    if (this.#lease === undefined) throw new Error(`Lease ${this.describe()}: update before get or create`);
    const path = resourcePath(API_VERSION, 'leases', {namespace, name});
    const body = {...this.#lease, spec: {...this.#lease.spec, ...record}};
    return this.#call('PUT', path, body, signal);
  }

  async #call(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<ObservedRecord> {
    const {client, timeoutMilliseconds} = this.#options;
    const response = await client.request<Lease>({
      method,
      path,
      timeoutMilliseconds,
      // The elector has its own rhythm; a retry in here would only make it late.
      retry: 'never',
      isUrgent: true,
      signal,
      ...(body === undefined ? {} : {body}),
    });
    this.#lease = response.body;
    const {spec = {}, metadata} = response.body;
    return {
      record: {
        holderIdentity: spec.holderIdentity ?? '',
        leaseDurationSeconds: spec.leaseDurationSeconds ?? 0,
        acquireTime: spec.acquireTime ?? '',
        renewTime: spec.renewTime ?? '',
        leaseTransitions: spec.leaseTransitions ?? 0,
      },
      resourceVersion: metadata.resourceVersion ?? '',
    };
  }
}

export function electionRecord(
  options: Pick<LeaderElectionRecord, 'holderIdentity' | 'leaseDurationSeconds' | 'leaseTransitions'> & {
    readonly now: number;
    readonly acquireTime?: string | undefined;
  },
): LeaderElectionRecord {
  const {now, acquireTime, ...rest} = options;
  return {...rest, acquireTime: acquireTime || microTime(now), renewTime: microTime(now)};
}
