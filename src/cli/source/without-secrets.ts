/** What is left out of a cluster before anything else sees it: a saved one is sent around and committed. */
import type {ApiObject} from '../../simulator/cluster-api.ts';

/** What kubectl adds to an object: the manifest as it was applied, with all that is left out below. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Of containers; `f:` is how managedFields names them. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'env',
  'envFrom',
  'command',
  'args',
  'f:env',
  'f:envFrom',
  LAST_APPLIED,
]);

/** The object without environment variables, command lines and the manifest that kubectl keeps of it. */
export function withoutSecrets(object: ApiObject): ApiObject {
  return without(object) as ApiObject;
}

function without(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(without);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (LEFT_OUT.has(key) ? [] : [[key, without(each)]])),
  );
}
