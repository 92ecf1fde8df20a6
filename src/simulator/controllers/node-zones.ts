/**
 * How quickly nodes that do not answer are tainted, so that a broken network does not empty a whole zone. Pure.
 * Source: handleDisruption and ComputeZoneState in pkg/controller/nodelifecycle/node_lifecycle_controller.go.
 */
import type {NodeObject} from '../objects.ts';
import type {SimulationParameters} from '../parameters.ts';

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption';

/** GetZoneKey: region and zone, empty when the node has neither. */
export function zoneOf({metadata}: NodeObject): string {
  const region = metadata.labels?.['topology.kubernetes.io/region'] ?? '';
  const zone = metadata.labels?.['topology.kubernetes.io/zone'] ?? '';
  return region === '' && zone === '' ? '' : `${region}:${zone}`;
}

export function zoneState(ready: number, notReady: number, unhealthyThreshold: number): ZoneState {
  if (ready === 0 && notReady > 0) {
    return 'FullDisruption';
  }
  const isPartial = notReady > 2 && notReady / (notReady + ready) >= unhealthyThreshold;
  return isPartial ? 'PartialDisruption' : 'Normal';
}

/** Nodes per second that may be tainted in a zone of this state; 0 stops it. */
export function taintRate(state: ZoneState, nodes: number, parameters: SimulationParameters): number {
  if (state !== 'PartialDisruption') {
    return parameters.nodeEvictionRate;
  }
  return nodes > parameters.largeClusterSizeThreshold ? parameters.secondaryNodeEvictionRate : 0;
}
