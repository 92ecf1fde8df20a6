/**
 * Deletes the pods that do not tolerate a NoExecute taint of their node, at once or when tolerationSeconds are over.
 * Source: pkg/controller/tainteviction/taint_eviction.go of Kubernetes 1.36.
 */
import type {Taint} from '../../cluster/node.ts';
import {toleratesTaint} from '../../scheduling/taint-toleration.ts';
import type {ApiObject, ObjectChange} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {
  keyOf,
  NODES,
  type NodeObject,
  PODS,
  type PodObject,
  unlessGone,
  withCondition,
  writeStatus,
} from '../objects.ts';
import {timestamp} from '../timestamp.ts';
import {WorkQueue} from './work-queue.ts';

const TAINT_EVICTION_CONTROLLER = 'taint-eviction-controller';

interface PlannedEviction {
  /** When the clock began to run; a later taint does not set it back. */
  readonly since: number;
  readonly at: number;
  readonly uid: string;
  readonly cancel: () => void;
}

export class TaintEvictionController {
  readonly #context: SimulationContext;
  readonly #planned = new Map<string, PlannedEviction>();
  readonly #nodes: WorkQueue;

  constructor(context: SimulationContext) {
    this.#context = context;
    const {controllerMilliseconds} = context.parameters;
    this.#nodes = new WorkQueue(context.clock, controllerMilliseconds, (name) => this.#syncNode(name));
  }

  observe({type, resource, object, previous}: ObjectChange): void {
    if (resource === NODES) {
      const taints = noExecuteTaints(object);
      const before = noExecuteTaints(previous);
      if (type !== 'DELETED' && (taints.length > 0 || before.length > 0) && !isSame(taints, before)) {
        this.#nodes.add(object.metadata.name);
      }
    } else if (resource === PODS) {
      this.#observePod(type, object as PodObject, previous as PodObject | undefined);
    }
  }

  #observePod(type: ObjectChange['type'], pod: PodObject, previous: PodObject | undefined): void {
    const key = keyOf(pod.metadata);
    if (type === 'DELETED') {
      this.#cancel(key);
    } else if (
      previous?.spec.nodeName !== pod.spec.nodeName ||
      previous?.spec.tolerations !== pod.spec.tolerations
    ) {
      const node = this.#context.index.node(pod.spec.nodeName ?? '');
      if (node !== undefined && noExecuteTaints(node).length > 0) {
        this.#nodes.add(node.metadata.name);
      }
    }
  }

  #syncNode(name: string): void {
    const {index} = this.#context;
    const taints = noExecuteTaints(index.node(name));
    for (const pod of index.podsOnNode(name)) {
      this.#plan(pod, taints);
    }
  }

  /** processPodOnNode */
  #plan(pod: PodObject, taints: readonly Taint[]): void {
    const key = keyOf(pod.metadata);
    const {clock} = this.#context;
    const now = clock.now();
    const wait = taints.length === 0 ? Number.POSITIVE_INFINITY : toleratedMilliseconds(pod, taints);
    if (wait === Number.POSITIVE_INFINITY) {
      this.#cancel(key, pod);
      return;
    }
    const known = this.#planned.get(key);
    const since = wait > 0 && known?.uid === pod.metadata.uid ? known.since : now;
    // A shorter toleration counts from when the first one began; a longer one does not put it off.
    if (known?.uid === pod.metadata.uid && wait > 0 && since + wait <= now + wait && known.at <= now + wait) {
      return;
    }
    this.#cancel(key);
    const at = Math.max(now, since + wait);
    const cancel = clock.after(at - now, () => {
      this.#planned.delete(key);
      this.#evict(pod);
    });
    this.#planned.set(key, {since, at, uid: pod.metadata.uid, cancel});
  }

  #cancel(key: string, pod?: PodObject): void {
    const known = this.#planned.get(key);
    if (known === undefined) {
      return;
    }
    known.cancel();
    this.#planned.delete(key);
    if (pod !== undefined) {
      this.#say(pod, `Cancelling deletion of Pod ${key}`);
    }
  }

  #evict({metadata}: PodObject): void {
    const {api, clock} = this.#context;
    const current = api.get(PODS, metadata.namespace, metadata.name) as PodObject | undefined;
    if (current === undefined || current.metadata.uid !== metadata.uid) {
      return;
    }
    this.#say(current, `Marking for deletion Pod ${keyOf(metadata)}`);
    writeStatus(api, PODS, current, TAINT_EVICTION_CONTROLLER, (pod) => {
      const {status} = pod as PodObject;
      return {
        ...status,
        conditions: withCondition(status?.conditions, {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'DeletionByTaintManager',
          message: 'Taint manager: deleting due to NoExecute taint',
          lastTransitionTime: timestamp(clock.now()),
        }),
      };
    });
    unlessGone(() =>
      api.delete(PODS, metadata.namespace, metadata.name, {
        uid: metadata.uid,
        actor: TAINT_EVICTION_CONTROLLER,
      }),
    );
  }

  #say(pod: ApiObject, message: string): void {
    this.#context.events.record(pod, 'Normal', 'TaintManagerEviction', message, TAINT_EVICTION_CONTROLLER);
  }
}

/** For how long the pod tolerates all of the taints: 0 when one is not tolerated, infinite when nothing ends it. */
export function toleratedMilliseconds({spec}: PodObject, taints: readonly Taint[]): number {
  const {tolerations = []} = spec;
  let shortest = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    // The first that matches counts, as in GetMatchingTolerations.
    const used = tolerations.find((toleration) => toleratesTaint([toleration], taint));
    if (used === undefined) {
      return 0;
    }
    if (used.tolerationSeconds !== undefined) {
      shortest = Math.min(shortest, Math.max(0, used.tolerationSeconds) * 1000);
    }
  }
  return shortest;
}

function noExecuteTaints(node: NodeObject | undefined): readonly Taint[] {
  return (node?.spec?.taints ?? []).filter(({effect}) => effect === 'NoExecute');
}

function isSame(a: readonly Taint[], b: readonly Taint[]): boolean {
  return a.length === b.length && a.every(({key, value}, i) => key === b[i]?.key && value === b[i]?.value);
}
