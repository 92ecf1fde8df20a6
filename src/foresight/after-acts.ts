/** The cluster some time after acts that came before the question: drained, grown, under another load. Pure. */
import {type Act, assertActable, carryOut} from './acts.ts';
import type {ClusterPicture} from './cluster-picture.ts';
import {type CpuDemand, cpuDemandOf} from './cpu-demand.ts';
import {pictureOf} from './picture-of.ts';
import {type SimulationOptions, simulationOf} from './simulation.ts';
import {recreateStatefulPods} from './stateful-pods.ts';

/** Longer than the eviction from a lost node takes. */
const SETTLE_SECONDS = 600;

/**
 * Nothing dies of its load meanwhile: that is what is asked afterwards. Throws a RangeError when an act names what the
 * cluster does not have.
 */
export function afterActs(
  picture: ClusterPicture,
  acts: readonly Act[],
  options: SimulationOptions,
  known: CpuDemand,
): {readonly picture: ClusterPicture; readonly demand: CpuDemand} {
  if (acts.length === 0) {
    return {picture, demand: known};
  }
  const calm = {...options.parameters, panicAfterSeconds: 0, starvedShare: 0};
  const cluster = simulationOf(picture, {...options, parameters: calm}, known);
  recreateStatefulPods(cluster);
  assertActable(cluster, acts);
  for (const act of acts) {
    carryOut(cluster, act, SETTLE_SECONDS);
  }
  if (acts.some(({kind}) => kind !== 'Load')) {
    cluster.advance(SETTLE_SECONDS * 1000);
  }
  const {objects, takenAt} = pictureOf(cluster);
  const isLoadKnown = known.basis !== 'requests' || acts.some(({kind}) => kind === 'Load');
  return {
    picture: {...picture, objects, takenAt},
    demand: {...cpuDemandOf({objects}), basis: isLoadKnown ? 'annotations' : 'requests'},
  };
}
