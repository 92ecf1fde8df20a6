/** Policies that are not (yet) in a cluster, put among those that are. Pure. */
import {withDefaults} from '../api/defaults.ts';
import {API_VERSION, KIND} from '../api/names.ts';
import type {SpreadPolicy} from '../api/types.ts';
import {toStoredPolicy} from '../controller/policy-index.ts';
import type {ClusterCaches} from './cluster-picture.ts';

const ASSUMED_UID = 'assumed';

/** As `kubectl apply` would: one that is there already keeps its identity, its age and what the operator knows. */
export function applyPolicy({policies}: Pick<ClusterCaches, 'policies'>, policy: SpreadPolicy): void {
  const {namespace, name} = policy.metadata;
  const before = policies.get(namespace, name)?.object;
  if (before === undefined) {
    policies.set(toStoredPolicy(policy));
    return;
  }
  const {uid, creationTimestamp, generation = 0} = before.metadata;
  policies.set(
    toStoredPolicy({
      ...policy,
      metadata: {
        ...policy.metadata,
        ...(uid === undefined ? {} : {uid}),
        ...(creationTimestamp === undefined ? {} : {creationTimestamp}),
        generation: generation + 1,
      },
      ...(before.status === undefined ? {} : {status: before.status}),
    }),
  );
}

/**
 * A policy with all defaults in each namespace, for the Deployments that no other policy selects.
 * @param spec what is not as by default
 */
export function assumePolicies(
  {cache, policies}: ClusterCaches,
  spec: Partial<Parameters<typeof withDefaults>[0]['spec']> = {},
): void {
  const namespaces = new Set([...cache.workloads()].map(({namespace}) => namespace));
  for (const namespace of namespaces) {
    const policy = withDefaults({
      apiVersion: API_VERSION,
      kind: KIND,
      // Younger than any other, so that any other goes before it.
      metadata: {
        name: '',
        namespace,
        uid: `${ASSUMED_UID}-${namespace}`,
        creationTimestamp: '9999-12-31T23:59:59Z',
      },
      spec: {selector: {}, ...spec},
    });
    policies.set(toStoredPolicy(policy));
  }
}

export function isAssumed({uid}: {readonly uid: string}): boolean {
  return uid.startsWith(`${ASSUMED_UID}-`);
}
