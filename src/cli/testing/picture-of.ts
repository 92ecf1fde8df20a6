import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import {pictureOf as pictureForForesight} from '../../foresight/picture-of.ts';
import type {SimulatedCluster} from '../../simulator/simulated-cluster.ts';

const OF_OPERATOR = [
  {group: 'spread-operator.io', plural: 'spreadpolicies'},
  {group: 'coordination.k8s.io', plural: 'leases'},
];

/** What would be read of a simulated cluster, metrics aside: as foresight does, and what tells of the operator. */
export function pictureOf(cluster: SimulatedCluster): ClusterPicture {
  const picture = pictureForForesight(cluster);
  const {api} = cluster;
  const served = api.context.registry.all();
  const ofOperator = OF_OPERATOR.filter(({group, plural}) =>
    served.some((each) => each.group === group && each.plural === plural),
  );
  return {
    ...picture,
    objects: [...picture.objects, ...ofOperator.flatMap(({group, plural}) => api.list(`${plural}.${group}`))],
  };
}
