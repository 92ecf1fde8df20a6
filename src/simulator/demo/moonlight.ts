/**
 * The outage of ../../../examples/moonlight on a simulated cluster: the placement that led to it, or the same workloads
 * with the rule in their templates. What is known of the real one and what is chosen stands in the example.
 */
import {parseAllDocuments} from 'yaml';
import {readPackageFile} from '../../package-files.ts';
import {loadManifests, type Manifest} from '../manifests.ts';
import {SimulatedCluster} from '../simulated-cluster.ts';

/** Until somebody has seen to a node that panicked. */
const RESTART_SECONDS = 1800;
const SETTLE_MILLISECONDS = 30_000;

export interface MoonlightOptions {
  /** The rule in the templates of web and ssr: one replica per node, hard, as the operator injects it. */
  readonly withRule?: boolean;
  readonly seed?: number;
  /** Milliseconds since the epoch at which its nodes come up; at rest it is some 90 s older. */
  readonly start?: number;
}

/**
 * Three nodes at rest, before the load. Without the rule all three web replicas and Redis are on node-1: it was the only
 * one that took pods when they were created, as during an upgrade of the node pool, and the scheduler never looked again.
 */
export function moonlight({withRule = false, seed = 1, start}: MoonlightOptions = {}): SimulatedCluster {
  const cluster = new SimulatedCluster({
    seed,
    ...(start === undefined ? {} : {start}),
    nodes: 3,
    cpu: '4',
    parameters: {nodeRestartSeconds: RESTART_SECONDS},
  });
  const example = readPackageFile('examples/moonlight/workloads.yaml');
  const manifests = parseAllDocuments(example).map((each) => each.toJS() as Manifest);
  const [ssr, others] = [manifests.filter(isSsr), manifests.filter((each) => !isSsr(each))];
  if (withRule) {
    loadManifests(cluster.api, [...others, ...ssr].map(withoutLoad).map(onePerNode));
  } else {
    for (const name of ['node-2', 'node-3']) {
      cluster.cordon(name);
    }
    loadManifests(cluster.api, others.map(withoutLoad));
    cluster.advance(SETTLE_MILLISECONDS);
    for (const name of ['node-2', 'node-3']) {
      cluster.cordon(name, false);
    }
    cluster.advance(SETTLE_MILLISECONDS);
    loadManifests(cluster.api, ssr.map(withoutLoad));
  }
  cluster.advance(SETTLE_MILLISECONDS);
  cluster.timeline.clear();
  return cluster;
}

/** The traffic of the Friday on which it began. */
export function applyLoad(cluster: SimulatedCluster): void {
  cluster.setLoad('moonlight/web', 4200);
  cluster.setLoad('moonlight/ssr', 2400);
  cluster.setLoad('moonlight/redis', 400);
}

/** Replicas by node, such as `{'node-1': 3}`; those without a node under `pending`. Terminating ones do not count. */
export function placementOf(cluster: SimulatedCluster, app: string): Record<string, number> {
  const placement: Record<string, number> = {};
  for (const {metadata, spec} of cluster.pods('moonlight')) {
    if (metadata.labels?.['app'] === app && metadata.deletionTimestamp === undefined) {
      const node = spec.nodeName ?? 'pending';
      placement[node] = (placement[node] ?? 0) + 1;
    }
  }
  return placement;
}

function isSsr({metadata}: Manifest): boolean {
  return metadata.name === 'ssr';
}

function withoutLoad(manifest: Manifest): Manifest {
  const {annotations: _, ...metadata} = manifest.metadata;
  return {...manifest, metadata};
}

function onePerNode(manifest: Manifest): Manifest {
  const {name} = manifest.metadata;
  if (manifest.kind !== 'Deployment' || !['web', 'ssr'].includes(name)) {
    return manifest;
  }
  const spec = manifest['spec'] as {template: {spec: object}};
  const podAntiAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: [
      {
        topologyKey: 'kubernetes.io/hostname',
        labelSelector: {matchLabels: {app: name}},
        matchLabelKeys: ['pod-template-hash'],
      },
    ],
  };
  const template = {...spec.template, spec: {...spec.template.spec, affinity: {podAntiAffinity}}};
  return {...manifest, spec: {...spec, template}};
}
