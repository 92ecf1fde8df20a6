/**
 * Binds claims to the volumes that name them, or that they name. Source: syncUnboundClaim, syncBoundClaim, syncVolume in
 * pkg/controller/volume/persistentvolume/pv_controller.go of Kubernetes 1.36. Left out: the search for a volume that
 * nobody named, provisioning, reclaiming, and volumes that wait for their first consumer.
 */
import type {ApiObject, ObjectChange} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {
  fromKey,
  keyOf,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolumeClaimObject,
  type PersistentVolumeObject,
  unlessGone,
  writeStatus,
} from '../objects.ts';
import {WorkQueue} from './work-queue.ts';

const PERSISTENT_VOLUME_CONTROLLER = 'persistentvolume-controller';
/** storagehelpers.AnnBindCompleted */
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';

export class PersistentVolumeController {
  readonly #context: SimulationContext;
  readonly #claims: WorkQueue;
  readonly #volumes: WorkQueue;

  constructor(context: SimulationContext) {
    this.#context = context;
    const {controllerMilliseconds} = context.parameters;
    this.#claims = new WorkQueue(context.clock, controllerMilliseconds, (key) => this.#syncClaim(key));
    this.#volumes = new WorkQueue(context.clock, controllerMilliseconds, (key) => this.#syncVolume(key));
  }

  observe({resource, object}: ObjectChange): void {
    if (resource === PERSISTENT_VOLUME_CLAIMS) {
      const {volumeName} = (object as PersistentVolumeClaimObject).spec;
      this.#claims.add(keyOf(object.metadata));
      for (const {metadata, spec} of this.#listVolumes()) {
        if (metadata.name === volumeName || isFor(spec.claimRef, object)) {
          this.#volumes.add(metadata.name);
        }
      }
    } else if (resource === PERSISTENT_VOLUMES) {
      this.#volumes.add(object.metadata.name);
      for (const claim of this.#context.api.list(PERSISTENT_VOLUME_CLAIMS)) {
        this.#claims.add(keyOf(claim.metadata));
      }
    }
  }

  #syncClaim(key: string): void {
    const {namespace, name} = fromKey(key);
    const claim: PersistentVolumeClaimObject | undefined = this.#context.api.get(
      PERSISTENT_VOLUME_CLAIMS,
      namespace,
      name,
    ) as PersistentVolumeClaimObject | undefined;
    if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) {
      return;
    }
    const volume = this.#volumeFor(claim);
    if (volume === undefined) {
      this.#setPhase(PERSISTENT_VOLUME_CLAIMS, claim, {phase: 'Pending'});
      return;
    }
    this.#bind(claim, volume);
  }

  #volumeFor(claim: PersistentVolumeClaimObject): PersistentVolumeObject | undefined {
    const {volumeName} = claim.spec;
    return this.#listVolumes().find(({metadata, spec}) =>
      volumeName === undefined || volumeName === ''
        ? isFor(spec.claimRef, claim)
        : metadata.name === volumeName && (spec.claimRef === undefined || isFor(spec.claimRef, claim)),
    );
  }

  #bind(claim: PersistentVolumeClaimObject, volume: PersistentVolumeObject): void {
    const {api} = this.#context;
    const {namespace, name, uid, resourceVersion} = claim.metadata;
    if (volume.spec.claimRef?.uid !== uid) {
      const claimRef = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name,
        uid,
        resourceVersion,
      };
      unlessGone(() =>
        api.update(
          PERSISTENT_VOLUMES,
          undefined,
          volume.metadata.name,
          (current) => ({...current, spec: {...(current['spec'] as object), claimRef}}),
          {actor: PERSISTENT_VOLUME_CONTROLLER},
        ),
      );
    }
    this.#setPhase(PERSISTENT_VOLUMES, volume, {phase: 'Bound'});
    if (claim.metadata.annotations?.[BIND_COMPLETED] === undefined || !claim.spec.volumeName) {
      unlessGone(() =>
        api.update(
          PERSISTENT_VOLUME_CLAIMS,
          namespace,
          name,
          (current) => ({
            ...current,
            metadata: {
              ...current.metadata,
              annotations: {...current.metadata.annotations, [BIND_COMPLETED]: 'yes'},
            },
            spec: {...(current['spec'] as object), volumeName: volume.metadata.name},
          }),
          {actor: PERSISTENT_VOLUME_CONTROLLER},
        ),
      );
    }
    const {accessModes, capacity} = volume.spec;
    this.#setPhase(PERSISTENT_VOLUME_CLAIMS, claim, {phase: 'Bound', accessModes, capacity});
  }

  #syncVolume(name: string): void {
    const {api} = this.#context;
    const volume = api.get(PERSISTENT_VOLUMES, undefined, name) as PersistentVolumeObject | undefined;
    if (volume === undefined) {
      return;
    }
    const {claimRef} = volume.spec;
    if (claimRef?.uid === undefined) {
      this.#setPhase(PERSISTENT_VOLUMES, volume, {phase: 'Available'});
      return;
    }
    const claim = api.get(PERSISTENT_VOLUME_CLAIMS, claimRef.namespace, claimRef.name ?? '');
    if (claim?.metadata.uid !== claimRef.uid) {
      this.#setPhase(PERSISTENT_VOLUMES, volume, {phase: 'Released'});
    }
  }

  #listVolumes(): readonly PersistentVolumeObject[] {
    return this.#context.api.list(PERSISTENT_VOLUMES) as readonly PersistentVolumeObject[];
  }

  #setPhase(resource: string, object: ApiObject, status: object): void {
    writeStatus(this.#context.api, resource, object, PERSISTENT_VOLUME_CONTROLLER, (current) => ({
      ...(current['status'] as object | undefined),
      ...status,
    }));
  }
}

/** isVolumeBoundToClaim: an empty uid is that of a volume that somebody meant for the claim before it existed. */
function isFor(
  claimRef: PersistentVolumeObject['spec']['claimRef'],
  {metadata}: Pick<ApiObject, 'metadata'>,
): boolean {
  return (
    claimRef?.namespace === metadata.namespace &&
    claimRef?.name === metadata.name &&
    (claimRef?.uid === undefined || claimRef.uid === metadata.uid)
  );
}
