// Everything that happened to the pods and policies of a cluster, in the order in which it happened, so that a test
// can ask afterwards how things stood just before an eviction.
import {setTimeout as sleep} from 'node:timers/promises';

import type {SpreadPolicy} from '../../src/api/types.ts';
import type {KubernetesObject, ObjectList} from '../controlplane/admin.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {waitFor} from '../controlplane/wait-for.ts';
import type {LivePod} from './live-problem.ts';

export interface Change<T> {
  readonly at: number;
  readonly object: T;
  readonly deleted: boolean;
}

export class ClusterHistory {
  readonly #cluster: RunningControlPlane;
  readonly #abort = new AbortController();
  readonly #pods: Change<LivePod>[] = [];
  readonly #policies: Change<SpreadPolicy>[] = [];
  #watching: Promise<unknown> = Promise.resolve();
  #broken: Error | undefined;

  private constructor(cluster: RunningControlPlane) {
    this.#cluster = cluster;
  }

  static async start(cluster: RunningControlPlane): Promise<ClusterHistory> {
    const history = new ClusterHistory(cluster);
    const follow = await Promise.all([
      history.#follow<LivePod>('/api/v1/pods', history.#pods),
      history.#follow<SpreadPolicy & KubernetesObject>(
        '/apis/spread-operator.io/v1alpha1/spreadpolicies',
        history.#policies as Change<SpreadPolicy & KubernetesObject>[],
      ),
    ]);
    history.#watching = Promise.all(follow.map((run) => run()));
    return history;
  }

  /** Changes of the pods of a namespace, oldest first. */
  podChanges(namespace: string): Change<LivePod>[] {
    this.#assertWhole();
    return this.#pods.filter(({object}) => object.metadata.namespace === namespace);
  }

  policyChanges(namespace: string): Change<SpreadPolicy>[] {
    this.#assertWhole();
    return this.#policies.filter(({object}) => object.metadata.namespace === namespace);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#watching;
  }

  async #follow<T extends KubernetesObject>(
    path: string,
    changes: Change<T>[],
  ): Promise<() => Promise<void>> {
    // The API server answers 429 while it opens the storage of a resource that was just defined.
    const {metadata, items} = await waitFor(`${path} can be listed`, () =>
      this.#cluster.admin.get<ObjectList<T>>(path),
    );
    changes.push(...items.map((object) => ({at: Date.now(), object, deleted: false})));
    let from = metadata.resourceVersion;
    return async () => {
      while (!this.#abort.signal.aborted && this.#broken === undefined) {
        try {
          const watch = this.#cluster.admin.watch<T>(
            `${path}?allowWatchBookmarks=true&resourceVersion=${from}`,
            this.#abort.signal,
          );
          for await (const {type, object} of watch) {
            if (type === 'ERROR') {
              this.#broken = new Error(`The watch of ${path} has a gap: ${JSON.stringify(object)}`);
              break;
            }
            from = object.metadata.resourceVersion ?? from;
            if (type !== 'BOOKMARK') {
              changes.push({at: Date.now(), object, deleted: type === 'DELETED'});
            }
          }
        } catch {
          // The end of the test, or of one watch request: the next one goes on from where this one was.
          if (!this.#abort.signal.aborted) {
            await sleep(100);
          }
        }
      }
    };
  }

  #assertWhole(): void {
    if (this.#broken !== undefined) {
      throw this.#broken;
    }
  }
}

/** Pods as they were after these changes, by name. */
export function podsAfter(changes: readonly Change<LivePod>[]): LivePod[] {
  const pods = new Map<string, LivePod>();
  for (const {object, deleted} of changes) {
    if (deleted) {
      pods.delete(object.metadata.name);
    } else {
      pods.set(object.metadata.name, object);
    }
  }
  return [...pods.values()];
}
