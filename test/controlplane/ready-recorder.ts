import {setTimeout as sleep} from 'node:timers/promises';

import {ApiError, type ObjectList, type WatchEvent} from './admin.ts';
import type {RunningControlPlane} from './running-control-plane.ts';
import {getDeployment, isPodReady, type Pod} from './workloads.ts';

export interface ReadySample {
  time: Date;
  /** Pods that are Ready and not terminating. */
  ready: number;
  terminating: number;
}

/**
 * Watches the pods of a Deployment and remembers how many of them were Ready (and not terminating) over time. Begin
 * with `await ReadyRecorder.start(…)`, end with `stop()`.
 */
export class ReadyRecorder {
  readonly #cluster: RunningControlPlane;
  readonly #path: string;
  readonly #replicaSetPrefix: string;
  readonly #replicas: number;
  readonly #abort = new AbortController();
  readonly #pods = new Map<string, Pod>();
  readonly #samples: ReadySample[] = [];
  #watching: Promise<void> = Promise.resolve();
  #gaps = 0;

  private constructor(cluster: RunningControlPlane, path: string, deployment: string, replicas: number) {
    this.#cluster = cluster;
    this.#path = path;
    this.#replicaSetPrefix = `${deployment}-`;
    this.#replicas = replicas;
  }

  /** Settles after the first look, so that nothing that happens later is missed. */
  static async start(
    cluster: RunningControlPlane,
    namespace: string,
    deployment: string,
  ): Promise<ReadyRecorder> {
    const {spec} = await getDeployment(cluster, namespace, deployment);
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const recorder = new ReadyRecorder(cluster, path, deployment, spec.replicas ?? 1);
    const resourceVersion = await recorder.#list();
    recorder.#watching = recorder.#watch(resourceVersion);
    return recorder;
  }

  get samples(): readonly ReadySample[] {
    return this.#samples;
  }

  get minReady(): number {
    return Math.min(...this.#samples.map(({ready}) => ready));
  }

  /** How many replicas were missing at the worst moment, against `spec.replicas` at the start. */
  get maxMissing(): number {
    return Math.max(0, this.#replicas - this.minReady);
  }

  /** How often the watch broke in a way that may have hidden something; 0 unless the API server went away. */
  get gaps(): number {
    return this.#gaps;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#watching;
  }

  /** `0.0 s: 4 ready; 12.3 s: 3 ready, 1 terminating; …` */
  toString(): string {
    const first = this.#samples[0]?.time.getTime() ?? 0;
    return this.#samples
      .map(({time, ready, terminating}) => {
        const seconds = ((time.getTime() - first) / 1000).toFixed(1);
        return `${seconds} s: ${ready} ready${terminating > 0 ? `, ${terminating} terminating` : ''}`;
      })
      .join('; ');
  }

  async #list(): Promise<string> {
    const {metadata, items} = await this.#cluster.admin.get<ObjectList<Pod>>(this.#path);
    this.#pods.clear();
    for (const pod of items) {
      this.#keep(pod);
    }
    this.#sample();
    return metadata.resourceVersion;
  }

  async #watch(resourceVersion: string): Promise<void> {
    let from: string | undefined = resourceVersion;
    while (!this.#abort.signal.aborted) {
      try {
        from ??= await this.#list();
        const watch: AsyncGenerator<WatchEvent<Pod>> = this.#cluster.admin.watch<Pod>(
          `${this.#path}?allowWatchBookmarks=true&resourceVersion=${from}`,
          this.#abort.signal,
        );
        for await (const event of watch) {
          if (event.type === 'ERROR') {
            from = undefined;
            this.#gaps++;
            break;
          }
          from = event.object.metadata.resourceVersion;
          this.#apply(event);
        }
      } catch (error) {
        if (this.#abort.signal.aborted) {
          return;
        }
        if (error instanceof ApiError && error.status === 410) {
          from = undefined;
          this.#gaps++;
        }
        await sleep(100);
      }
    }
  }

  #apply({type, object}: WatchEvent<Pod>): void {
    if (type === 'BOOKMARK') {
      return;
    }
    if (type === 'DELETED') {
      this.#pods.delete(object.metadata.uid ?? '');
    } else {
      this.#keep(object);
    }
    this.#sample();
  }

  #keep(pod: Pod): void {
    const owner = pod.metadata.ownerReferences?.find(({controller}) => controller === true);
    // A ReplicaSet is named after its Deployment and one hash, which has no dash.
    if (
      owner?.kind === 'ReplicaSet' &&
      owner.name.startsWith(this.#replicaSetPrefix) &&
      !owner.name.slice(this.#replicaSetPrefix.length).includes('-')
    ) {
      this.#pods.set(pod.metadata.uid ?? '', pod);
    }
  }

  #sample(): void {
    const pods = [...this.#pods.values()];
    const terminating = pods.filter(({metadata}) => metadata.deletionTimestamp !== undefined).length;
    const ready = pods.filter(
      (pod) => pod.metadata.deletionTimestamp === undefined && isPodReady(pod),
    ).length;
    const last = this.#samples.at(-1);
    if (last === undefined || last.ready !== ready || last.terminating !== terminating) {
      this.#samples.push({time: new Date(), ready, terminating});
    }
  }
}
