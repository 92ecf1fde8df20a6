import type {Clock} from '../clock.ts';
import type {ClusterApi} from './cluster-api.ts';
import type {ClusterIndex} from './cluster-index.ts';
import type {Random} from './engine/random.ts';
import type {EventRecorder} from './event-recorder.ts';
import type {SimulationParameters} from './parameters.ts';

/** What every part of the simulated cluster is given; there is nothing else that it may reach. */
export interface SimulationContext {
  readonly api: ClusterApi;
  readonly clock: Clock;
  readonly index: ClusterIndex;
  readonly random: Random;
  readonly events: EventRecorder;
  readonly parameters: SimulationParameters;
}
