/** What the operator says of itself, as kubectl would show it: its events, and the status of its policy. Pure. */
import type {SpreadPolicy} from '../../api/types.ts';
import type {ApiObject} from '../cluster-api.ts';
import {EVENTS} from '../objects.ts';
import type {SimulatedCluster} from '../simulated-cluster.ts';
import type {News} from './narrator.ts';

export const POLICIES = 'spreadpolicies.spread-operator.io';

/** Events that tell of an act. What the operator waits for, and what it has reached, stands in the status. */
const ACTS: ReadonlySet<string> = new Set(['Evicted', 'RuleInjected', 'RuleRemoved']);

interface PolicyEvent extends ApiObject {
  readonly reason: string;
  readonly message: string;
  readonly eventTime: string;
  readonly involvedObject: {readonly kind: string};
}

export class OperatorNews {
  readonly #cluster: SimulatedCluster;
  readonly #seen = new Set<string>();
  readonly #blocked = new Map<string, string>();
  #isCircuitOpen = false;
  #isCircuitExplained = false;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  news(): News[] {
    return [...this.#acts(), ...this.#circuit(), ...this.#refusals()];
  }

  get policy(): SpreadPolicy | undefined {
    return this.#cluster.api.list(POLICIES, 'moonlight')[0] as SpreadPolicy | undefined;
  }

  #acts(): News[] {
    const events = this.#cluster.api.list(EVENTS, 'moonlight') as readonly PolicyEvent[];
    const fresh = events.filter(
      ({metadata, reason, involvedObject}) =>
        involvedObject.kind === 'SpreadPolicy' && ACTS.has(reason) && !this.#seen.has(metadata.uid),
    );
    return fresh
      .sort((a, b) => a.eventTime.localeCompare(b.eventTime))
      .map(({metadata, message}) => {
        this.#seen.add(metadata.uid);
        return {at: this.#cluster.now, text: `operator: ${wordsOf(message)}.`, tone: 'good' as const};
      });
  }

  #circuit(): News[] {
    const open = this.policy?.status?.conditions?.find(({reason}) => reason === 'CircuitOpen');
    const wasOpen = this.#isCircuitOpen;
    this.#isCircuitOpen = open !== undefined;
    return open === undefined || wasOpen
      ? []
      : [
          {
            at: this.#cluster.now,
            text: `operator: ${open.message}.${this.#whyOpen()}`,
            tone: 'good',
          },
        ];
  }

  #whyOpen(): string {
    const isExplained = this.#isCircuitExplained;
    this.#isCircuitExplained = true;
    return isExplained
      ? ''
      : ' Until this is over it moves nothing and changes nothing, so as not to add to the trouble.';
  }

  #refusals(): News[] {
    return (this.policy?.status?.workloads ?? []).flatMap(({name, blocked}) => {
      const message = blocked?.reason === 'InsufficientDomains' ? `${name}: ${blocked.message}` : '';
      const isNew = message !== '' && this.#blocked.get(name) !== message;
      this.#blocked.set(name, message);
      return isNew ? [{at: this.#cluster.now, text: `operator: ${message}.`, tone: 'good' as const}] : [];
    });
  }
}

/** Without what only its other readers need. */
function wordsOf(message: string): string {
  return message
    .replace(/^Deployment (\S+: )(?:evicted )?/, (_, name: string) =>
      message.includes('evicted ') ? 'evicts ' : name,
    )
    .replace(/ \((?:likely|certain)\)/, '');
}
