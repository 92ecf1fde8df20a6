/**
 * Removes pods whose node is gone, and those that cannot end by themselves.
 * Source: pkg/controller/podgc/gc_controller.go of Kubernetes 1.36; the limit of finished pods (12,500) is left out.
 */
import type {ObjectChange} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {
  type Condition,
  conditionOf,
  isPodFinished,
  NODES,
  type NodeObject,
  PODS,
  type PodObject,
  unlessGone,
  withCondition,
  writeStatus,
} from '../objects.ts';
import {timestamp} from '../timestamp.ts';

const POD_GARBAGE_COLLECTOR = 'pod-garbage-collector';
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

export class PodGarbageCollector {
  readonly #context: SimulationContext;
  /** Nodes that pods name and nobody knows, since when. */
  readonly #missing = new Map<string, number>();
  readonly #startedAt: number;
  #isLooking = false;

  constructor(context: SimulationContext) {
    this.#context = context;
    this.#startedAt = context.clock.now();
  }

  observe({type, resource, object}: ObjectChange): void {
    const mayMatter =
      (resource === NODES && (type === 'DELETED' || isOutOfService(object))) ||
      (resource === PODS && type === 'ADDED' && this.#isOrphan(object as PodObject)) ||
      (resource === PODS && type === 'MODIFIED' && isUnscheduledTerminating(object as PodObject));
    if (mayMatter) {
      this.#look();
    }
  }

  #isOrphan({spec}: PodObject): boolean {
    return spec.nodeName !== undefined && this.#context.index.node(spec.nodeName) === undefined;
  }

  // At the same moments as upstream, but only while there may be something to find.
  #look(): void {
    if (this.#isLooking) {
      return;
    }
    this.#isLooking = true;
    const {clock, parameters} = this.#context;
    const period = parameters.podGarbageCollectionSeconds * 1000;
    clock.after(period - ((clock.now() - this.#startedAt) % period), () => {
      this.#isLooking = false;
      if (this.#collect()) {
        this.#look();
      }
    });
  }

  /** True when something is left to look at again. */
  #collect(): boolean {
    const {index} = this.#context;
    const missing = index.nodesWithPods().filter((name) => index.node(name) === undefined);
    this.#collectOrphans(missing);
    let isWaiting = missing.length > 0;
    for (const node of index.nodes()) {
      if (isOutOfService(node)) {
        isWaiting = true;
        this.#collectTerminatingOn(node);
      }
    }
    return isWaiting;
  }

  #collectOrphans(missing: readonly string[]): void {
    const {clock, index, parameters} = this.#context;
    const now = clock.now();
    for (const name of this.#missing.keys()) {
      if (!missing.includes(name)) {
        this.#missing.delete(name);
      }
    }
    for (const name of missing) {
      const since = this.#missing.get(name) ?? now;
      this.#missing.set(name, since);
      if (now - since < parameters.podQuarantineSeconds * 1000) {
        continue;
      }
      for (const pod of index.podsOnNode(name)) {
        this.#forceDelete(pod, {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'DeletionByPodGC',
          message: 'PodGC: node no longer exists',
          lastTransitionTime: timestamp(now),
        });
      }
    }
  }

  #collectTerminatingOn({metadata, status}: NodeObject): void {
    if (conditionOf(status, 'Ready')?.status === 'True') {
      return;
    }
    for (const pod of this.#context.index.podsOnNode(metadata.name)) {
      if (pod.metadata.deletionTimestamp !== undefined) {
        this.#forceDelete(pod);
      }
    }
  }

  /** Failed first, so that nothing keeps counting it as running. */
  #forceDelete(pod: PodObject, condition?: Condition): void {
    const {api} = this.#context;
    const {metadata} = pod;
    if (!isPodFinished(pod)) {
      writeStatus(api, PODS, pod, POD_GARBAGE_COLLECTOR, (current) => {
        const {status} = current as PodObject;
        return {
          ...status,
          phase: 'Failed',
          ...(condition === undefined ? {} : {conditions: withCondition(status?.conditions, condition)}),
        };
      });
    }
    unlessGone(() =>
      api.delete(PODS, metadata.namespace, metadata.name, {
        uid: metadata.uid,
        gracePeriodSeconds: 0,
        actor: POD_GARBAGE_COLLECTOR,
      }),
    );
  }
}

function isOutOfService({spec}: NodeObject): boolean {
  return spec?.taints?.some(({key}) => key === OUT_OF_SERVICE) === true;
}

function isUnscheduledTerminating({metadata, spec}: PodObject): boolean {
  return metadata.deletionTimestamp !== undefined && spec.nodeName === undefined;
}
