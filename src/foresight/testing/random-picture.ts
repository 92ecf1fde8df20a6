/**
 * Small random clusters at rest, with the rules and the tightness that make losses interesting: the proofs must answer for
 * them as the simulation does. The same seed gives the same cluster.
 */
import {Random} from '../../simulator/engine/random.ts';
import {Simulation} from '../../simulator/testing/simulation.ts';
import type {ClusterPicture} from '../cluster-picture.ts';
import {pictureOf} from '../picture-of.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const REST_SECONDS = 900;

export function randomPicture(seed: number): ClusterPicture {
  const random = new Random(seed).fork('picture');
  const chance = (probability: number) => random.fraction() < probability;
  const zones = random.pick([0, 2, 3]);
  const count = 2 + random.integer(5);
  const isTight = chance(0.6);
  const cluster = new Simulation({
    seed,
    parameters: {panicAfterSeconds: 0},
    nodes: Array.from({length: count}, (_, index) => ({
      cpu: isTight ? random.pick(['1', '1500m', '2']) : '8',
      memory: '4Gi',
      pods: chance(0.15) ? 4 : 110,
      labels: {disk: random.pick(['ssd', 'hdd'])},
      ...(zones === 0 ? {} : {zone: `zone-${'abc'[index % zones]}`}),
      ...(chance(0.1) ? {taints: [{key: 'dedicated', effect: 'NoSchedule' as const}]} : {}),
    })),
  });
  const names = ['web', 'api', 'jobs', 'cache'].slice(0, 1 + random.integer(4));
  for (const name of names) {
    cluster.deployment(name, {
      replicas: 1 + random.integer(4),
      requests: {cpu: random.pick(['50m', '200m', '400m', '700m']), memory: random.pick(['64Mi', '512Mi'])},
      ...(chance(0.4) ? {limits: {cpu: '1'}} : {}),
      podAnnotations: {
        ...(chance(0.2) ? {'simulator.spread-operator.io/base-cpu': '100m'} : {}),
        ...(chance(0.1) ? {'spread-operator.test/never-ready': 'true'} : {}),
      },
      podSpec: randomRules(random, name, names),
      ...(chance(0.15) ? {container: {ports: [{containerPort: 80, hostPort: 8080}]}} : {}),
    });
    if (chance(0.8)) {
      cluster.service(name);
    }
  }
  cluster.seconds(60);
  for (const name of names) {
    if (cluster.api.get('services', 'default', name) !== undefined && chance(0.6)) {
      cluster.setLoad(`default/${name}`, random.pick([100, 400, 900, 1600]));
    }
  }
  if (chance(0.15)) {
    cluster.cordon('node-1');
  }
  if (count > 3 && chance(0.15)) {
    cluster.failNode('node-2');
  }
  cluster.seconds(REST_SECONDS);
  return pictureOf(cluster);
}

function randomRules(random: Random, name: string, names: readonly string[]): object {
  const chance = (probability: number) => random.fraction() < probability;
  const other = random.pick(names);
  const term = (app: string, topologyKey: string) => ({topologyKey, labelSelector: {matchLabels: {app}}});
  const required = (terms: readonly object[]) => ({requiredDuringSchedulingIgnoredDuringExecution: terms});
  const spread = (topologyKey: string, whenUnsatisfiable: string) => ({
    maxSkew: 1 + random.integer(2),
    topologyKey,
    whenUnsatisfiable,
    labelSelector: {matchLabels: {app: name}},
  });
  const own = random.pick([
    {},
    {},
    {affinity: {podAntiAffinity: required([term(name, HOSTNAME)])}},
    {affinity: {podAntiAffinity: required([term(name, ZONE)])}},
    {affinity: {podAntiAffinity: required([term(other, HOSTNAME)])}},
    {affinity: {podAffinity: required([term(other, HOSTNAME)])}},
    {topologySpreadConstraints: [spread(HOSTNAME, 'DoNotSchedule')]},
    {topologySpreadConstraints: [spread(ZONE, 'DoNotSchedule')]},
    {topologySpreadConstraints: [spread(ZONE, 'DoNotSchedule'), spread(HOSTNAME, 'ScheduleAnyway')]},
    {topologySpreadConstraints: [spread(ZONE, 'DoNotSchedule'), spread(HOSTNAME, 'DoNotSchedule')]},
  ]);
  return {
    ...own,
    ...(chance(0.15) ? {nodeSelector: {disk: 'ssd'}} : {}),
    ...(chance(0.15) ? {tolerations: [{operator: 'Exists'}]} : {}),
    ...(chance(0.1)
      ? {
          tolerations: [
            {
              key: 'node.kubernetes.io/unreachable',
              operator: 'Exists',
              effect: 'NoExecute',
              tolerationSeconds: 600,
            },
          ],
        }
      : {}),
  };
}
