import {toNode} from '../../src/cluster/node.ts';
import {toPod} from '../../src/cluster/pod.ts';
import {createPodSpecInterner} from '../../src/cluster/pod-spec.ts';
import {ClusterState} from '../../src/cluster/snapshot.ts';
import type {StorageState} from '../../src/cluster/storage.ts';
import {
  toCsiDriver,
  toCsiNode,
  toPersistentVolume,
  toPersistentVolumeClaim,
  toStorageClass,
  toVolumeAttachment,
} from '../../src/cluster/volumes.ts';
import type {PodToSchedule} from '../../src/scheduling/framework.ts';
import {DEFAULT_SCORES, filterNodes, scoreNodes} from '../../src/scheduling/scheduler.ts';
import type {ApiStorage, OracleVerdict, SchedulingCase} from './oracle.ts';

/** One for all cases, so that a spec that is wrongly taken for another one shows. */
const intern = createPodSpecInterner();

/** Our verdict in the oracle's shape. Scores only where there is a choice: a single feasible node is not scored. */
export function judge(input: SchedulingCase): OracleVerdict {
  const state = new ClusterState();
  for (const {metadata} of input.namespaces) {
    state.setNamespace(metadata.name, metadata.labels ?? {});
  }
  for (const node of input.nodes) {
    state.setNode(toNode(node));
  }
  for (const pod of [...input.pods, ...(input.nominated ?? [])]) {
    state.setPod(toPod(pod, intern));
  }
  loadStorage(state.storage, input.storage);
  const pod = podToSchedule(input);
  const {feasible, refusals} = filterNodes(pod, state);
  const ofPod = refusals.find(({wholePod}) => wholePod === true);
  if (ofPod !== undefined) {
    const {plugin, reasons, resolvable} = ofPod;
    return {pod: {plugin, reasons: [...reasons], resolvable}, refusals: {}, feasible: [], scores: {}};
  }
  return {
    feasible: feasible.map(({node}) => node.name),
    refusals: Object.fromEntries(
      refusals.map(({node, plugin, reasons, resolvable}) => [
        node,
        {plugin, reasons: [...reasons], resolvable},
      ]),
    ),
    scores: Object.fromEntries(
      feasible.length < 2
        ? []
        : scoreNodes(pod, state, feasible).map(({node, parts}) => [
            node,
            Object.fromEntries(parts.map(({plugin, score}) => [plugin, score])),
          ]),
    ),
  };
}

/**
 * A verdict without what does not bear on the comparison: the scores of a single feasible node; parts of 0, which a
 * plugin gives as well as skipping the pod; the order of a node's reasons, which for extended resources is that of
 * a Go map; and scores of plugins that we do not have. Throws when those tell nodes apart.
 */
export function comparable(verdict: OracleVerdict): OracleVerdict {
  const known = new Set<string>(DEFAULT_SCORES.map(({name}) => name));
  const others = new Set<string>();
  const scores: Record<string, Record<string, number>> = {};
  if (verdict.feasible.length > 1) {
    for (const [node, parts] of Object.entries(verdict.scores)) {
      const entries = Object.entries(parts).filter(([, score]) => score !== 0);
      scores[node] = Object.fromEntries(entries.filter(([plugin]) => known.has(plugin)));
      others.add(JSON.stringify(entries.filter(([plugin]) => !known.has(plugin))));
    }
  }
  if (others.size > 1) {
    throw new Error(`Plugins that we do not have tell nodes apart: ${[...others].join(' against ')}`);
  }
  const refusals = Object.entries(verdict.refusals).map(([node, refusal]) => [
    node,
    {...refusal, reasons: refusal.reasons.toSorted()},
  ]);
  return {...verdict, scores, refusals: Object.fromEntries(refusals)};
}

function loadStorage(storage: StorageState, objects: ApiStorage | undefined): void {
  for (const volume of objects?.persistentVolumes ?? []) {
    storage.setPersistentVolume(toPersistentVolume(volume));
  }
  for (const claim of objects?.persistentVolumeClaims ?? []) {
    storage.setPersistentVolumeClaim(toPersistentVolumeClaim(claim));
  }
  for (const storageClass of objects?.storageClasses ?? []) {
    storage.setStorageClass(toStorageClass(storageClass));
  }
  for (const csiNode of objects?.csiNodes ?? []) {
    storage.setCsiNode(toCsiNode(csiNode));
  }
  for (const driver of objects?.csiDrivers ?? []) {
    storage.setCsiDriver(toCsiDriver(driver));
  }
  for (const attachment of objects?.volumeAttachments ?? []) {
    storage.setVolumeAttachment(toVolumeAttachment(attachment));
  }
}

// The selector that upstream's helper.DefaultSelector finds through its listers.
function podToSchedule(input: SchedulingCase): PodToSchedule {
  const pod = toPod(input.pod, intern);
  const owner = input.replicaSets.find(({metadata}) => metadata.name === pod.controller?.name);
  const matchLabels = Object.assign(
    {},
    ...input.services.map(({spec}) => spec.selector),
    owner?.spec.selector.matchLabels,
  ) as Record<string, string>;
  return {
    ...pod,
    ...(pod.nodeName === undefined ? {} : {requestedNodeName: pod.nodeName}),
    defaultSpreadSelector: {matchLabels},
  };
}
