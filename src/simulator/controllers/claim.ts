import type {ApiObject, ResourceName} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {controllerReference, unlessGone} from '../objects.ts';

const KINDS: Readonly<Record<string, {apiVersion: string; kind: string}>> = {
  'deployment-controller': {apiVersion: 'apps/v1', kind: 'Deployment'},
  'replicaset-controller': {apiVersion: 'apps/v1', kind: 'ReplicaSet'},
};

/**
 * What a controller does before it counts: it adopts what has no controller and matches, and releases what it controls
 * but no longer matches. Source: pkg/controller/controller_ref_manager.go.
 */
export function claim(
  {api, index}: SimulationContext,
  owner: ApiObject,
  resource: ResourceName,
  controlled: readonly ApiObject[],
  actor: string,
  matches: (object: ApiObject) => boolean,
): void {
  const {uid, namespace, deletionTimestamp} = owner.metadata;
  for (const object of controlled) {
    if (!matches(object)) {
      setOwners(object, (owners) => owners.filter((reference) => reference.uid !== uid));
    }
  }
  if (deletionTimestamp !== undefined) {
    return;
  }
  for (const orphan of index.orphans(resource, namespace)) {
    if (orphan.metadata.deletionTimestamp === undefined && matches(orphan)) {
      const reference = {...controllerReference(owner), ...KINDS[actor]};
      setOwners(orphan, (owners) => [...owners.filter((known) => known.uid !== uid), reference]);
    }
  }

  type Owners = NonNullable<ApiObject['metadata']['ownerReferences']>;
  function setOwners({metadata}: ApiObject, change: (owners: Owners) => Owners): void {
    unlessGone(() =>
      api.update(
        resource,
        metadata.namespace,
        metadata.name,
        (current) => ({
          ...current,
          metadata: {...current.metadata, ownerReferences: change(current.metadata.ownerReferences ?? [])},
        }),
        {actor},
      ),
    );
  }
}
