import {existsSync, readFileSync} from 'node:fs';
import type {ClusterCache} from '../cluster/cluster-cache.ts';

const IN_CLUSTER = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';
/** Where config/ installs the operator. */
const INSTALLED = 'spread-operator-system';

/**
 * The namespace of the leader lease when no flag names one. A replica that somebody runs by hand beside an installed
 * operator must find the same lease, so the installation's namespace goes before `default`.
 */
export function leaseNamespace(cache: ClusterCache): string {
  if (existsSync(IN_CLUSTER)) {
    return readFileSync(IN_CLUSTER, 'utf8').trim();
  }
  return cache.namespace(INSTALLED) === undefined ? 'default' : INSTALLED;
}
