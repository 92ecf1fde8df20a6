/**
 * The cluster-wide stop: while nodes are failing, moving pods and restarting rollouts makes things worse. Pure; the
 * state is a value, so that it can be shown and tested.
 */
import type {Node} from '../cluster/node.ts';
import {listNames} from '../planning/explain.ts';

export interface CircuitBreakerOptions {
  /** Share of the nodes that must be unhealthy, 0–1; at least one node always. */
  readonly unhealthyShare: number;
  /** How long the nodes must have been well before it closes again, milliseconds. */
  readonly quietPeriod: number;
  /** How many API calls in a row must have failed. */
  readonly apiFailures: number;
  /** The quiet period after failed calls, milliseconds. An API server that is restarted is soon as good as before. */
  readonly apiQuietPeriod: number;
  /** For how long a node that a replacement was sent to is under suspicion, milliseconds. */
  readonly targetWatch: number;
}

export const DEFAULT_CIRCUIT_BREAKER: CircuitBreakerOptions = {
  unhealthyShare: 0.1,
  quietPeriod: 2 * 60_000,
  apiFailures: 5,
  apiQuietPeriod: 15_000,
  targetWatch: 10 * 60_000,
};

export interface CircuitState {
  /** Why it is open; undefined while it is closed. */
  readonly open?: {readonly reason: string; readonly until: number};
}

export interface CircuitFacts {
  readonly nodes: readonly Node[];
  /** Nodes that a replacement was sent to and that have turned unhealthy since. */
  readonly failedTargets: readonly string[];
  /** API calls that failed in a row, up to now. */
  readonly failedCalls: number;
  readonly now: number;
}

/** A node that has just joined is not Ready for a while; only one that should be is a sign of trouble. */
const JOINING = 5 * 60_000;

export function nextCircuitState(
  state: CircuitState,
  facts: CircuitFacts,
  options: CircuitBreakerOptions = DEFAULT_CIRCUIT_BREAKER,
): CircuitState {
  const {now} = facts;
  const trouble = troubleIn(facts, options);
  if (trouble !== undefined) {
    return {
      open: {reason: trouble.reason, until: Math.max(state.open?.until ?? 0, now + trouble.quietPeriod)},
    };
  }
  return state.open === undefined || state.open.until <= now ? {} : state;
}

function troubleIn(
  {nodes, failedTargets, failedCalls, now}: CircuitFacts,
  options: CircuitBreakerOptions,
): {readonly reason: string; readonly quietPeriod: number} | undefined {
  const {quietPeriod, apiQuietPeriod} = options;
  if (failedTargets.length > 0) {
    return {
      reason: `${listNames(failedTargets)} became unhealthy after a replica was moved there`,
      quietPeriod,
    };
  }
  const unhealthy = nodes.filter((node) => isUnhealthy(node, now)).map((node) => node.name);
  if (unhealthy.length >= Math.max(1, Math.ceil(nodes.length * options.unhealthyShare))) {
    const count = `${unhealthy.length} of ${nodes.length} nodes ${unhealthy.length === 1 ? 'is' : 'are'} not Ready`;
    return {reason: `${count}: ${listNames(unhealthy)}`, quietPeriod};
  }
  if (failedCalls >= options.apiFailures) {
    return {reason: 'calls to the API server keep failing', quietPeriod: apiQuietPeriod};
  }
  return undefined;
}

/** Not Ready although it was, or although it has had the time to become so. */
export function isUnhealthy(node: Node, now: number): boolean {
  if (node.ready === 'True') {
    return false;
  }
  const hasBeenReady = node.ready === 'Unknown' && node.readyChangedAt > node.createdAt;
  return hasBeenReady || now - node.createdAt > JOINING;
}

/** When a node that is still joining will have had its time; infinity when none is. */
export function nextUnhealthyAt(nodes: readonly Node[], now: number): number {
  return Math.min(
    ...nodes
      .filter((node) => node.ready !== 'True' && !isUnhealthy(node, now))
      .map((node) => node.createdAt + JOINING + 1),
  );
}
