/**
 * An event is one object under two APIs: v1 and events.k8s.io/v1. It is stored as v1.
 * Source: kubernetes/pkg/apis/events/v1/conversion.go.
 */
import type {ApiObject} from '../cluster-api.ts';
import type {Resource} from './resources.ts';

/** Field of events.k8s.io/v1 to field of v1; all others have the same name in both. */
const renamed: Readonly<Record<string, string>> = {
  regarding: 'involvedObject',
  note: 'message',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
  reportingController: 'reportingComponent',
};
const original = Object.fromEntries(Object.entries(renamed).map(([later, earlier]) => [earlier, later]));

function isLater({group, storage}: Resource): boolean {
  return storage === 'events' && group === 'events.k8s.io';
}

export function toStored(resource: Resource, object: ApiObject): ApiObject {
  if (!isLater(resource)) return object;
  const stored = rename({...object, apiVersion: 'v1'}, renamed);
  // v1 prints these even when nobody has set them.
  return {
    ...stored,
    involvedObject: stored['involvedObject'] ?? {},
    source: stored['source'] ?? {},
    reportingInstance: stored['reportingInstance'] ?? '',
    reportingComponent: stored['reportingComponent'] ?? '',
    firstTimestamp: stored['firstTimestamp'] ?? null,
    lastTimestamp: stored['lastTimestamp'] ?? null,
  };
}

export function fromStored(resource: Resource, object: ApiObject): ApiObject {
  if (!isLater(resource) || object.apiVersion !== 'v1') return object;
  const later = rename({...object, apiVersion: 'events.k8s.io/v1'}, original);
  return Object.fromEntries(Object.entries(later).filter(([, value]) => value !== null)) as ApiObject;
}

function rename(object: ApiObject, names: Readonly<Record<string, string>>): ApiObject {
  return Object.fromEntries(
    Object.entries(object).map(([field, value]) => [names[field] ?? field, value]),
  ) as ApiObject;
}
