import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import type {ApiObject} from '../../simulator/cluster-api.ts';
import type {SimulatedCluster} from '../../simulator/simulated-cluster.ts';
import {READ_RESOURCES} from '../source/resources.ts';

/** What would be read of a simulated cluster, metrics aside, with nothing left out. */
export function pictureOf({api, now}: SimulatedCluster): ClusterPicture {
  const known = new Set(
    [...api.context.registry.all()].map(({plural, group}) => (group === '' ? plural : `${plural}.${group}`)),
  );
  const objects = READ_RESOURCES.flatMap(({apiVersion, resource, kind}): ApiObject[] => {
    const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
    const name = `${resource}${group}`;
    return known.has(name) ? api.list(name).map((object) => ({...object, apiVersion, kind})) : [];
  });
  return {
    origin: 'a simulated cluster',
    takenAt: now,
    server: {major: 1, minor: 36},
    objects,
    missing: [],
  };
}
