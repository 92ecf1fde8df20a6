/** Nodes that fail, come, go and close. */
import type {ApiObject} from '../../src/simulator/cluster-api.ts';
import type {ClusterFault} from './fault-plan.ts';
import {ACTOR, type Strikes} from './strikes.ts';

/** Nodes that a cluster keeps. */
const LEAST_NODES = 3;

export class NodeFaults {
  readonly #strikes: Strikes;
  readonly #silent = new Set<string>();
  readonly #cordoned = new Set<string>();

  constructor(strikes: Strikes) {
    this.#strikes = strikes;
  }

  /** Nodes are well again; what others have changed stays changed. */
  end(): void {
    for (const name of this.#silent) {
      this.#recover(name);
    }
    for (const name of this.#cordoned) {
      this.uncordon(name);
    }
  }

  strike(fault: ClusterFault): void {
    const {cluster, random} = this.#strikes.options;
    const {api, clock} = cluster;
    const node = this.#strikes.pick(
      this.#nodes().filter(({metadata}) => cluster.isUp(metadata.name) && !this.#silent.has(metadata.name)),
    );
    switch (fault) {
      case 'node silent':
        if (node !== undefined && this.#silent.size < 2) {
          const {name} = node.metadata;
          this.#strikes.count(fault, name);
          cluster.failNode(name);
          this.#silent.add(name);
          clock.after(20_000 + random.integer(400_000), () => this.#recover(name));
        }
        return;
      case 'node panic':
        if (node !== undefined) {
          this.#strikes.count(fault, node.metadata.name);
          cluster.panicNode(node.metadata.name);
        }
        return;
      case 'cordon':
        if (node !== undefined) {
          const {name} = node.metadata;
          this.#strikes.count(fault, name);
          this.cordon(name);
          clock.after(random.integer(300_000), () => this.uncordon(name));
        }
        return;
      case 'node added':
        this.#strikes.count(fault, cluster.addNodes([this.#likeOthers()])[0]);
        return;
      case 'node removed':
        if (node !== undefined && this.#nodes().length > LEAST_NODES) {
          this.#strikes.count(fault, node.metadata.name);
          api.delete('nodes', undefined, node.metadata.name, ACTOR);
        }
        return;
    }
  }

  #recover(name: string): void {
    const {cluster, onDisturbance, trace} = this.#strikes.options;
    if (this.#silent.delete(name) && cluster.api.get('nodes', undefined, name) !== undefined) {
      trace.add(`${name} answers again`);
      cluster.recoverNode(name);
      onDisturbance();
    }
  }

  cordon(name: string): void {
    this.#cordoned.add(name);
    this.#strikes.attempt(() => this.#strikes.options.cluster.cordon(name));
  }

  uncordon(name: string): void {
    if (this.#cordoned.delete(name)) {
      this.#strikes.attempt(() => this.#strikes.options.cluster.cordon(name, false));
      this.#strikes.options.onOtherNodes();
    }
  }

  #likeOthers(): {zone?: string; cpu?: string} {
    const other = this.#strikes.pick(this.#nodes());
    const zone = other?.metadata.labels?.['topology.kubernetes.io/zone'];
    const cpu = (other as {status?: {capacity?: {cpu?: string}}} | undefined)?.status?.capacity?.cpu;
    return {...(zone === undefined ? {} : {zone}), ...(cpu === undefined ? {} : {cpu})};
  }

  #nodes(): readonly ApiObject[] {
    return this.#strikes.options.cluster.api.list('nodes');
  }
}
