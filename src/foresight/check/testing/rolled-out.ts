/** What a cluster has after manifests were applied and came to rest: what later manifests are judged against in a test. */
import {parseManifests} from '../../../cli/manifests/parse-manifests.ts';
import {assumeCluster} from '../../../cli/source/assumed-cluster.ts';
import type {ApiObject} from '../../../simulator/cluster-api.ts';
import {stageManifests} from '../stage.ts';
import {stagedPicture} from '../view.ts';

/** On the three nodes of `checkYaml`, which are not among the objects. */
export function rolledOutObjects(yaml: string): readonly ApiObject[] {
  const picture = assumeCluster({nodes: 3}, Date.UTC(2026, 0, 1));
  const {objects: manifests} = parseManifests(yaml, 'before.yaml');
  const staged = stagedPicture(stageManifests({picture, manifests, defaultNamespace: 'default'}));
  return staged.objects.filter(({kind}) => ['Deployment', 'ReplicaSet', 'Pod'].includes(kind));
}
