/** What `simulate` tells programs. `docs/schemas` describes both kinds. */
import type {Act} from '../../foresight/acts.ts';
import type {LossSummary} from '../../foresight/loss-summary.ts';
import type {Outcome} from '../../foresight/outcome.ts';

export const SIMULATION_KIND = 'Simulation';
export const SURVEY_KIND = 'LossSurvey';

interface Asked {
  readonly origin: string;
  readonly acts: readonly Act[];
  readonly notes: readonly string[];
}

export function simulationDocument(outcome: Outcome, {origin, acts, notes}: Asked): object {
  return {cluster: origin, acts, notes, ...outcome};
}

export function surveyDocument(summary: LossSummary, {origin, acts, notes}: Asked): object {
  return {cluster: origin, acts, notes, ...summary};
}
