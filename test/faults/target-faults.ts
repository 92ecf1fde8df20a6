/** What becomes of the nodes that an evicted replica was meant for, so that moving it does not help. */

import {parseMilli} from '../../src/cluster/quantity.ts';
import {type DeploymentObject, keyOf, type NodeObject, type PodObject} from '../../src/simulator/objects.ts';
import type {EvictionFault} from './fault-plan.ts';
import type {NodeFaults} from './node-faults.ts';
import {ACTOR, podsOf, type Strikes} from './strikes.ts';

/** Of pods that nobody's policy is for. */
const ELSEWHERE = 'default';
/** How long the nodes stay as they are, milliseconds. */
const SHORTEST = 3000;
const LONGEST = 23_000;
/** When the other faults have ceased, these may go on: a pause is only seen where nobody disturbs it. */
const MOST_AFTERWARDS = 2;

export class TargetFaults {
  readonly #strikes: Strikes;
  readonly #nodes: NodeFaults;
  #afterwards: number;
  #placed = 0;

  constructor(strikes: Strikes, nodes: NodeFaults) {
    this.#strikes = strikes;
    this.#nodes = nodes;
    this.#afterwards = strikes.options.random.integer(MOST_AFTERWARDS + 1);
  }

  /** No excuse for anything: whatever the scheduler makes of it, the operator is to see and to wait. */
  evicted(deployment: DeploymentObject): void {
    const {cluster, faults} = this.#strikes.options;
    if (!faults.isOn && this.#afterwards === 0) {
      return;
    }
    const homes = new Set(podsOf(cluster, deployment).map(({spec}) => spec.nodeName));
    const nodes = cluster.api.list('nodes') as readonly NodeObject[];
    const targets = nodes.filter(
      ({metadata, spec}) => !homes.has(metadata.name) && spec?.unschedulable !== true,
    );
    const fault = faults.drawAtEviction();
    if (fault === undefined || targets.length === 0 || targets.length === nodes.length) {
      return;
    }
    if (!faults.isOn) {
      this.#afterwards -= 1;
    }
    const names = targets.map(({metadata}) => metadata.name).join(', ');
    this.#strikes.count(fault, `${keyOf(deployment.metadata)}: ${names}`);
    this.#strike(fault, targets);
  }

  #strike(fault: EvictionFault, targets: readonly NodeObject[]): void {
    switch (fault) {
      case 'target cordoned at eviction':
        for (const {metadata} of targets) {
          this.#nodes.cordon(metadata.name);
        }
        this.#afterWhile(() => {
          for (const {metadata} of targets) {
            this.#nodes.uncordon(metadata.name);
          }
        });
        return;
      case 'target taken at eviction': {
        const names = targets.flatMap((node) => this.#take(node) ?? []);
        this.#afterWhile(() => {
          for (const name of names) {
            this.#strikes.attempt(() =>
              this.#strikes.options.cluster.api.delete('pods', ELSEWHERE, name, {
                ...ACTOR,
                gracePeriodSeconds: 0,
              }),
            );
          }
        });
      }
    }
  }

  /** A pod of somebody else's that leaves no CPU; its name, when there is any to take. */
  #take(node: NodeObject): string | undefined {
    const {api} = this.#strikes.options.cluster;
    const free = freeCpu(node, api.list('pods') as readonly PodObject[]);
    if (free <= 0) {
      return undefined;
    }
    this.#placed += 1;
    const name = `outsider-${this.#placed}`;
    const resources = {requests: {cpu: `${free}m`}};
    const container = {name: 'main', image: 'registry.k8s.io/pause:3.10', resources};
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {name, namespace: ELSEWHERE},
      spec: {nodeName: node.metadata.name, containers: [container]},
    };
    this.#strikes.attempt(() => api.create('pods', pod, ACTOR.actor));
    return name;
  }

  #afterWhile(undo: () => void): void {
    const {cluster, random, onOtherNodes} = this.#strikes.options;
    cluster.clock.after(SHORTEST + random.integer(LONGEST - SHORTEST), () => {
      undo();
      onOtherNodes();
    });
  }
}

/** What no pod of the node has asked for, milliCPU. */
function freeCpu({metadata, status}: NodeObject, pods: readonly PodObject[]): number {
  const used = pods
    .filter(({spec}) => spec.nodeName === metadata.name)
    .flatMap(({spec}) => spec.containers ?? [])
    .reduce((sum, {resources}) => sum + parseMilli(resources?.requests?.['cpu'] ?? 0), 0);
  return parseMilli(status?.allocatable?.['cpu'] ?? 0) - used;
}
