/** What every part of the API server works with: the objects, the resources, and time and chance from outside. */
import type {ApiObject, ResourceName} from '../cluster-api.ts';
import type {Resource, ResourceRegistry} from './resources.ts';
import type {ObjectStore} from './store.ts';

export interface ServerContext {
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Whether managedFields tell who wrote what of such objects; undefined where they always do. */
  readonly isOwnershipTracked?: OwnershipTracking | undefined;
}

export type OwnershipTracking = (resource: ResourceName, subresource: string | undefined) => boolean;

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteOptions {
  /** The field manager. */
  readonly manager: string;
  readonly subresource?: string;
  readonly dryRun?: boolean;
  readonly fieldValidation?: FieldValidation;
  readonly warn?: (message: string) => void;
}

/** Shaped as a random UUID (version 4). */
export function makeUid(random: () => number): string {
  const hex = Array.from({length: 4}, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16);
  const [version, clock] = [`4${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`];
  // Joined rather than put together piece by piece: V8 would keep all the pieces as long as the uid.
  return [hex.slice(0, 8), hex.slice(8, 12), version, clock, hex.slice(20)].join('-');
}

// No vowels, so that no words come about: apimachinery/pkg/util/rand/rand.go.
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export function randomSuffix(random: () => number, length = 5): string {
  return Array.from({length}, () => ALPHABET[Math.floor(random() * ALPHABET.length)]).join('');
}

/** The object of another resource, by RBAC-like name. */
export function find(
  {store}: ServerContext,
  resource: ResourceName,
  namespace: string | undefined,
  name: string,
): ApiObject | undefined {
  return store.get(resource, namespace, name);
}

export function describe({kind}: Resource, namespace: string | undefined, name: string): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
