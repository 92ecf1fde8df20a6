/** A case for the oracle as the operator's own caches hold it. */
import {toNode} from '../../src/cluster/node.ts';
import type {Pod} from '../../src/cluster/pod.ts';
import {createPodTrimmer} from '../../src/cluster/pod-trimmer.ts';
import {ClusterState} from '../../src/cluster/snapshot.ts';
import type {SchedulingCase} from './oracle.ts';

export function clusterOfCase({nodes, namespaces, pods: apiPods, pod}: SchedulingCase) {
  const trim = createPodTrimmer();
  const state = new ClusterState();
  for (const {metadata} of namespaces) {
    state.setNamespace(metadata.name, metadata.labels ?? {});
  }
  for (const node of nodes) {
    state.setNode(toNode(node));
  }
  const pods: Pod[] = apiPods.map(trim);
  for (const each of pods) {
    state.setPod(each);
  }
  const {app} = pod.metadata.labels ?? {};
  const {namespace, labels, spec} = trim(pod);
  const selector = app === undefined ? {} : {defaultSpreadSelector: {matchLabels: {app}}};
  return {
    state,
    pods: pods.filter(({nodeName}) => nodeName),
    newcomer: {namespace, labels, spec, ...selector},
  };
}
