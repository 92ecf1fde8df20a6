/** Which Services lose every endpoint at once with some nodes: those whose endpoints are on these nodes alone. Pure. */
import type {LossFacts} from './loss-facts.ts';

export class ServiceLosses {
  /** By node id: the Services with an endpoint there, and on how many nodes they have endpoints in all. */
  readonly #on: {readonly service: string; readonly nodes: number}[][];

  constructor({nodes, endpoints}: LossFacts, depth: number) {
    this.#on = nodes.map(() => []);
    for (const [service, ids] of endpoints) {
      const spread = new Set(ids);
      // One with endpoints on more nodes than are ever lost together is never down at once.
      if (spread.size <= depth) {
        for (const id of spread) {
          this.#on[id]?.push({service, nodes: spread.size});
        }
      }
    }
  }

  /** Ordered by name. */
  downWith(lost: readonly number[]): readonly string[] {
    const hit = new Map<string, number>();
    const down: string[] = [];
    for (const id of lost) {
      for (const {service, nodes} of this.#on[id] ?? []) {
        const count = (hit.get(service) ?? 0) + 1;
        hit.set(service, count);
        if (count === nodes) {
          down.push(service);
        }
      }
    }
    return down.sort();
  }
}
