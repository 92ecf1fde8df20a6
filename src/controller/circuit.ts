import type {Clock} from '../clock.ts';
import type {Node} from '../cluster/node.ts';
import type {ClusterState} from '../cluster/snapshot.ts';
import {
  type CircuitBreakerOptions,
  type CircuitState,
  DEFAULT_CIRCUIT_BREAKER,
  isUnhealthy,
  nextCircuitState,
  nextUnhealthyAt,
} from '../eviction/circuit-breaker.ts';

export interface CircuitOptions {
  readonly state: ClusterState;
  readonly clock: Clock;
  readonly options?: CircuitBreakerOptions;
  /** Called when the circuit opens, closes, or is open for another reason. */
  readonly onChange: (reason: string | undefined) => void;
}

/** Feeds the circuit breaker with what happens, and remembers its state. */
export class Circuit {
  readonly #cluster: ClusterState;
  readonly #clock: Clock;
  readonly #options: CircuitBreakerOptions;
  readonly #onChange: (reason: string | undefined) => void;
  #state: CircuitState = {};
  #failedCalls = 0;
  #cancelRecheck = () => {};
  /** Nodes that replacements were sent to, and when. */
  readonly #targets = new Map<string, number>();

  constructor({state, clock, options = DEFAULT_CIRCUIT_BREAKER, onChange}: CircuitOptions) {
    this.#cluster = state;
    this.#clock = clock;
    this.#options = options;
    this.#onChange = onChange;
  }

  /** Why nothing may be moved or injected; undefined while it may. */
  get open(): string | undefined {
    return this.#state.open?.reason;
  }

  recordCall(succeeded: boolean): void {
    const before = this.#failedCalls;
    this.#failedCalls = succeeded ? 0 : before + 1;
    // A success matters only after failures, a failure only once there are enough of them.
    if (succeeded ? before >= this.#options.apiFailures : this.#failedCalls >= this.#options.apiFailures) {
      this.evaluate();
    }
  }

  recordTarget(node: string): void {
    this.#targets.set(node, this.#clock.now());
  }

  /** To be called when a node has changed. Costs one look at every node. */
  evaluate(): void {
    const now = this.#clock.now();
    const nodes: Node[] = [...this.#cluster.nodeInfos()].map((info) => info.node);
    const before = this.#state.open?.reason;
    this.#state = nextCircuitState(
      this.#state,
      {nodes, failedTargets: this.#failedTargets(now), failedCalls: this.#failedCalls, now},
      this.#options,
    );
    this.#cancelRecheck();
    const next = Math.min(this.#state.open?.until ?? Number.POSITIVE_INFINITY, nextUnhealthyAt(nodes, now));
    if (Number.isFinite(next)) {
      this.#cancelRecheck = this.#clock.after(Math.max(100, next - now), () => this.evaluate());
    }
    if (this.#state.open?.reason !== before) {
      this.#onChange(this.#state.open?.reason);
    }
  }

  stop(): void {
    this.#cancelRecheck();
  }

  #failedTargets(now: number): string[] {
    const failed: string[] = [];
    for (const [name, since] of this.#targets) {
      if (now - since > this.#options.targetWatch) {
        this.#targets.delete(name);
        continue;
      }
      const node = this.#cluster.nodeInfo(name)?.node;
      if (node !== undefined && isUnhealthy(node, now)) {
        failed.push(name);
      }
    }
    return failed;
  }
}
