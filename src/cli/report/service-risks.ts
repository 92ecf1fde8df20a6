/** Gathers by Service what is judged by loss. */
import type {LossVerdict} from '../../foresight/loss-verdict.ts';
import type {ServiceRisk} from './report.ts';

export class ServiceRisks {
  readonly #risks = new Map<string, {nodes: string[]; pairs: number; pair?: readonly string[]}>();

  add(lost: readonly string[], {servicesDown}: LossVerdict): void {
    for (const service of servicesDown) {
      const risk = this.#risks.get(service) ?? {nodes: [], pairs: 0};
      this.#risks.set(service, risk);
      if (lost.length === 1) {
        risk.nodes.push(...lost);
      } else {
        risk.pairs++;
        risk.pair ??= lost;
      }
    }
  }

  /** The most nodes first, then the most pairs. */
  all(): ReadonlyMap<string, ServiceRisk> {
    return new Map(
      [...this.#risks].sort(
        ([a, one], [b, other]) =>
          other.nodes.length - one.nodes.length ||
          other.pairs - one.pairs ||
          a.localeCompare(b, 'en', {numeric: true}),
      ),
    );
  }
}
