/** The ReplicaSets of one Deployment: claims them, makes the newest one and changes their sizes. */
import {matchesSelector} from '../../../cluster/label-selector.ts';
import type {SimulationContext} from '../../context.ts';
import {
  conditionOf,
  controllerReference,
  DEPLOYMENTS,
  type DeploymentObject,
  hasStatusCode,
  REPLICA_SETS,
  type ReplicaSetObject,
} from '../../objects.ts';
import {claim} from '../claim.ts';
import {condition, hasProgressDeadline, setCondition} from './deployment-status.ts';
import {
  findNewReplicaSet,
  highestRevision,
  newReplicaSetAnnotations,
  REVISION,
  sizeAnnotations,
  TEMPLATE_HASH,
  templateHash,
} from './revisions.ts';
import {maxSurge, newReplicaSetReplicas, replicasOf} from './rollout-arithmetic.ts';

export const DEPLOYMENT_CONTROLLER = 'deployment-controller';

export class DeploymentReplicaSets {
  readonly #context: SimulationContext;
  readonly #namespace: string | undefined;
  readonly #name: string;

  constructor(context: SimulationContext, {metadata}: DeploymentObject) {
    this.#context = context;
    this.#namespace = metadata.namespace;
    this.#name = metadata.name;
  }

  /** As it is now: each step may have changed it. Throws a 404 when it is gone. */
  get deployment(): DeploymentObject {
    const found = this.#context.api.get(DEPLOYMENTS, this.#namespace, this.#name);
    if (found === undefined) {
      throw Object.assign(new Error(`Deployment ${this.#namespace}/${this.#name} is gone`), {code: 404});
    }
    return found as DeploymentObject;
  }

  /** All that it controls, after adopting and releasing. */
  get all(): ReplicaSetObject[] {
    return this.#context.index.replicaSetsOf(this.deployment);
  }

  get newest(): ReplicaSetObject | undefined {
    return findNewReplicaSet(this.deployment, this.all);
  }

  get old(): ReplicaSetObject[] {
    const newest = this.newest?.metadata.uid;
    return this.all.filter(({metadata}) => metadata.uid !== newest);
  }

  /** Adopts orphans that the selector matches, releases what it no longer matches. */
  claim(): void {
    const {deployment} = this;
    claim(this.#context, deployment, REPLICA_SETS, this.all, DEPLOYMENT_CONTROLLER, ({metadata}) =>
      matchesSelector(deployment.spec.selector, metadata.labels ?? {}),
    );
  }

  /**
   * getAllReplicaSetsAndSyncRevision: the newest ReplicaSet with its revision, on it and on the Deployment. Undefined
   * when there is none yet and none is wanted.
   */
  syncRevision(createIfMissing: boolean): ReplicaSetObject | undefined {
    const revision = highestRevision(this.old) + 1;
    const {newest} = this;
    if (newest !== undefined) {
      const synced = this.#annotate(newest, revision);
      this.#noteRevision(
        synced.metadata.annotations?.[REVISION] ?? '0',
        'FoundNewReplicaSet',
        `Found new replica set "${synced.metadata.name}"`,
        false,
      );
      return synced;
    }
    return createIfMissing ? this.#create(revision) : undefined;
  }

  /** True when the size changed. With `force` its annotations are brought up to date though the size is right. */
  scale(replicaSet: ReplicaSetObject, size: number, force = false): boolean {
    const {api, events} = this.#context;
    const {deployment} = this;
    const {metadata} = replicaSet;
    const before = replicasOf(replicaSet);
    if (!force && before === size) {
      return false;
    }
    const desired = replicasOf(deployment);
    api.update(
      REPLICA_SETS,
      metadata.namespace,
      metadata.name,
      (current) => ({
        ...current,
        metadata: {
          ...current.metadata,
          annotations: {
            ...current.metadata.annotations,
            ...sizeAnnotations(desired, desired + maxSurge(deployment)),
          },
        },
        spec: {...(current as ReplicaSetObject).spec, replicas: size},
      }),
      {actor: DEPLOYMENT_CONTROLLER},
    );
    if (before === size) {
      return false;
    }
    const direction = before < size ? 'up' : 'down';
    events.record(
      deployment,
      'Normal',
      'ScalingReplicaSet',
      `Scaled ${direction} replica set ${metadata.name} from ${before} to ${size}`,
      DEPLOYMENT_CONTROLLER,
    );
    return true;
  }

  #annotate(newest: ReplicaSetObject, revision: number): ReplicaSetObject {
    const {deployment} = this;
    const {minReadySeconds} = deployment.spec;
    return this.#context.api.update(
      REPLICA_SETS,
      newest.metadata.namespace,
      newest.metadata.name,
      (current) => {
        const annotations = newReplicaSetAnnotations(deployment, current.metadata.annotations, revision);
        const {spec} = current as ReplicaSetObject;
        const isSame =
          (spec.minReadySeconds ?? 0) === (minReadySeconds ?? 0) &&
          sameText(annotations, current.metadata.annotations);
        return isSame
          ? current
          : {
              ...current,
              metadata: {...current.metadata, annotations},
              spec: minReadySeconds === undefined ? spec : {...spec, minReadySeconds},
            };
      },
      {actor: DEPLOYMENT_CONTROLLER},
    ) as ReplicaSetObject;
  }

  #create(revision: number): ReplicaSetObject | undefined {
    const {api, events} = this.#context;
    const {deployment} = this;
    const {template} = deployment.spec;
    const hash = templateHash(template, deployment.status?.collisionCount);
    const labels = {...template.metadata?.labels, [TEMPLATE_HASH]: hash};
    const name = `${this.#name.slice(0, 253 - hash.length - 1)}-${hash}`;
    const size = newReplicaSetReplicas(deployment, this.all, 0);
    const desired = replicasOf(deployment);
    const {minReadySeconds} = deployment.spec;
    let created: ReplicaSetObject;
    try {
      created = api.create(
        REPLICA_SETS,
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          metadata: {
            name,
            namespace: this.#namespace,
            labels,
            annotations: {
              ...newReplicaSetAnnotations(deployment, undefined, revision),
              ...sizeAnnotations(desired, desired + maxSurge(deployment)),
            },
            ownerReferences: [
              {...controllerReference(deployment), apiVersion: 'apps/v1', kind: 'Deployment'},
            ],
          },
          spec: {
            replicas: size,
            ...(minReadySeconds === undefined ? {} : {minReadySeconds}),
            selector: {
              ...deployment.spec.selector,
              matchLabels: {...deployment.spec.selector?.matchLabels, [TEMPLATE_HASH]: hash},
            },
            template: {...template, metadata: {...template.metadata, labels}},
          },
        },
        DEPLOYMENT_CONTROLLER,
      ) as ReplicaSetObject;
    } catch (error) {
      this.#noteFailedCreate(name, error);
      throw error;
    }
    if (size > 0) {
      events.record(
        deployment,
        'Normal',
        'ScalingReplicaSet',
        `Scaled up replica set ${name} from 0 to ${size}`,
        DEPLOYMENT_CONTROLLER,
      );
    }
    this.#noteRevision(String(revision), 'NewReplicaSetCreated', `Created new replica set "${name}"`, true);
    return created;
  }

  /** The name is taken by another template with the same hash, or the API refuses: both are told in the status. */
  #noteFailedCreate(name: string, error: unknown): void {
    const {deployment} = this;
    const now = this.#context.clock.now();
    if (hasStatusCode(error, 409)) {
      this.#updateStatus((status) => ({...status, collisionCount: (status?.collisionCount ?? 0) + 1}));
      return;
    }
    const message = `Failed to create new replica set "${name}": ${error instanceof Error ? error.message : String(error)}`;
    if (hasProgressDeadline(deployment)) {
      const failed = condition('Progressing', 'False', 'ReplicaSetCreateError', message, now);
      this.#updateStatus((status) => ({...status, conditions: setCondition(status?.conditions, failed)}));
    }
    this.#context.events.record(
      deployment,
      'Warning',
      'ReplicaSetCreateError',
      message,
      DEPLOYMENT_CONTROLLER,
    );
  }

  // The annotation goes with the status, as upstream: so it does not count as a new generation.
  #noteRevision(revision: string, reason: string, message: string, isNew: boolean): void {
    const {deployment} = this;
    const isKnown = deployment.metadata.annotations?.[REVISION] === revision;
    const isFirst = isNew || conditionOf(deployment.status, 'Progressing') === undefined;
    const conditions =
      hasProgressDeadline(deployment) && isFirst
        ? setCondition(
            deployment.status?.conditions,
            condition('Progressing', 'True', reason, message, this.#context.clock.now()),
          )
        : undefined;
    if (isKnown && conditions === undefined) {
      return;
    }
    this.#context.api.update(
      DEPLOYMENTS,
      this.#namespace,
      this.#name,
      (current) => ({
        ...current,
        metadata: {
          ...current.metadata,
          annotations: {...current.metadata.annotations, [REVISION]: revision},
        },
        status: {...(current as DeploymentObject).status, ...(conditions === undefined ? {} : {conditions})},
      }),
      {actor: DEPLOYMENT_CONTROLLER, subresource: 'status'},
    );
  }

  #updateStatus(
    change: (status: DeploymentObject['status']) => NonNullable<DeploymentObject['status']>,
  ): void {
    this.#context.api.update(
      DEPLOYMENTS,
      this.#namespace,
      this.#name,
      (current) => ({...current, status: change((current as DeploymentObject).status)}),
      {actor: DEPLOYMENT_CONTROLLER, subresource: 'status'},
    );
  }
}

function sameText(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>> | undefined = {},
): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
