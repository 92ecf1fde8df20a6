/**
 * Random clusters for the whole operator: nodes, Deployments that lie badly on them, other pods, budgets and a
 * policy, as manifests. The same seed gives the same cluster. Small on purpose: with few nodes and tight room the
 * rules meet often.
 */
import type {WrittenSpreadPolicy} from '../../src/api/types.ts';
import type {NodeSpec} from '../controlplane/nodes.ts';
import type {Deployment} from '../controlplane/workloads.ts';
import {budget, deployment, HOSTNAME, policy, ZONE} from './manifests.ts';

export interface RandomCluster {
  readonly seed: number;
  /** Of everything in it; also the value of the node label that keeps its pods on its own nodes. */
  readonly namespace: string;
  readonly nodes: readonly (NodeSpec & {readonly name: string})[];
  readonly deployments: readonly PlacedDeployment[];
  /** Bare pods, bound to their nodes. */
  readonly pods: readonly object[];
  readonly budgets: readonly Budget[];
  readonly policy: WrittenSpreadPolicy;
}

export interface Budget {
  readonly metadata: {readonly name: string};
  readonly spec: {readonly maxUnavailable?: number; readonly minAvailable?: number};
}

export interface PlacedDeployment {
  readonly manifest: Deployment;
  /** The node of each replica at the start. */
  readonly start: readonly string[];
}

/** Nodes of several random clusters live in one real cluster; this label says whose they are. */
const OWNER = 'spread-operator.test/cluster';
const DEDICATED = 'dedicated';
const DISK = 'disk';

type Topology = NonNullable<WrittenSpreadPolicy['spec']['topologies']>[number];

interface Size {
  /** milliCPU. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
}

interface Bin extends Size {
  readonly node: NodeSpec & {readonly name: string};
  readonly pods: number;
  readonly used: {cpu: number; memory: number; pods: number};
}

export function randomCluster(seed: number): RandomCluster {
  const random = new Random(seed);
  const namespace = `random-${seed}`;
  const bins = randomNodes(random, namespace);
  const names = ['web', 'api', 'jobs'].slice(0, random.weighted([1, 6], [2, 3], [3, 1]));
  const injection = random.chance(0.35) ? 'Apply' : 'Disabled';
  const topologies = randomTopologies(random);
  const pods = randomPods(random, namespace, names, bins);
  const deployments = names.map((name) => randomDeployment(random, namespace, name, bins, topologies));
  return {
    seed,
    namespace,
    nodes: bins.map(({node}) => node),
    deployments,
    pods,
    budgets: deployments.flatMap(({manifest, start}) =>
      randomBudget(random, namespace, manifest.metadata.name, start.length),
    ),
    policy: policy(namespace, {
      injection,
      topologies,
      eviction: {settleSeconds: random.between(0, 1)},
      ...(random.chance(0.15)
        ? {
            separateFrom: [
              {
                selector: {matchLabels: {role: 'noisy'}},
                whenUnsatisfiable: random.pick('DoNotSchedule', 'ScheduleAnyway'),
              },
            ],
          }
        : {}),
    }),
  };
}

function randomNodes(random: Random, namespace: string): Bin[] {
  const zones = random.weighted([0, 3], [2, 3], [3, 3]);
  const tight = random.chance(0.5);
  const count = random.between(3, 7);
  return Array.from({length: count}, (_, index) => {
    const cpu = tight ? random.pick(1000, 1500, 2000, 3000) : random.pick(4000, 8000);
    const memory = tight ? random.pick(2048, 3072, 4096, 8192) : 16_384;
    const pods = tight && random.chance(0.2) ? random.between(2, 5) : 110;
    const zone =
      zones === 0 || random.chance(0.07) ? undefined : `zone-${'abc'[random.between(0, zones - 1)]}`;
    const taint = random.weighted(
      [undefined, 8],
      ['NoSchedule' as const, 1],
      ['PreferNoSchedule' as const, 1],
    );
    const node = {
      name: `${namespace}-${index + 1}`,
      cpu: `${cpu}m`,
      memory: `${memory}Mi`,
      pods,
      labels: {[OWNER]: namespace, [DISK]: random.chance(0.8) ? 'ssd' : 'hdd'},
      unschedulable: random.chance(0.1),
      ...(zone === undefined ? {} : {zone}),
      ...(taint === undefined ? {} : {taints: [{key: DEDICATED, value: 'db', effect: taint}]}),
    };
    return {node, cpu, memory, pods, used: {cpu: 0, memory: 0, pods: 0}};
  });
}

function randomPods(
  random: Random,
  namespace: string,
  names: readonly string[],
  bins: readonly Bin[],
): object[] {
  const pods: object[] = [];
  for (let index = random.weighted([0, 3], [1, 3], [2, 2], [4, 1]); index > 0; index -= 1) {
    const bin = random.pick(...bins);
    const size = {
      cpu: Math.floor((bin.cpu * random.pick(0, 10, 40, 80)) / 100),
      memory: Math.floor((bin.memory * random.pick(0, 10, 40)) / 100),
    };
    if (!take(bin, size)) {
      continue;
    }
    const kind = random.weighted(['filler', 5], ['repelling', 1], ['noisy', 2]);
    pods.push({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {name: `other-${index}`, namespace, labels: {role: kind}},
      spec: {
        nodeName: bin.node.name,
        containers: [{...container, resources: {requests: quantities(size)}}],
        ...(kind === 'repelling'
          ? {affinity: {podAntiAffinity: requiredAntiAffinity(random.pick(...names))}}
          : {}),
      },
    });
  }
  return pods;
}

function randomDeployment(
  random: Random,
  namespace: string,
  name: string,
  bins: readonly Bin[],
  topologies: readonly Topology[],
): PlacedDeployment {
  const size = {cpu: random.pick(0, 100, 250, 500, 1000), memory: random.pick(0, 128, 512, 1024)};
  const tolerates = random.chance(0.3);
  const onSsd = random.chance(0.15);
  const allowed = bins.filter(({node}) => !onSsd || node.labels?.[DISK] === 'ssd');
  const start = randomStart(random, size, allowed.length > 1 ? allowed : bins);
  const own = random.weighted(
    ['none' as const, 6],
    ['policy' as const, 8],
    ['spread' as const, 3],
    ['soft' as const, 2],
    ['hard' as const, 1],
  );
  const constraints =
    own === 'policy'
      ? topologies.map((topology) => softConstraint(name, topology))
      : own === 'spread'
        ? [randomConstraint(random, name)]
        : [];
  const manifest = deployment({
    name,
    replicas: start.length,
    requests: quantities(size),
    ...(own === 'soft' || own === 'hard' ? {rule: own} : {}),
    spec: {
      strategy: {
        rollingUpdate: random.pick({maxSurge: 1, maxUnavailable: 0}, {maxSurge: 0, maxUnavailable: 1}),
      },
    },
    podSpec: {
      terminationGracePeriodSeconds: 5,
      nodeSelector: {[OWNER]: namespace},
      ...(tolerates ? {tolerations: [{key: DEDICATED, operator: 'Exists'}]} : {}),
      ...(constraints.length === 0 ? {} : {topologySpreadConstraints: constraints}),
    },
  });
  const {spec} = manifest.spec.template;
  if (onSsd && allowed.length > 1) {
    spec['affinity'] = {...(spec['affinity'] as object | undefined), nodeAffinity: onlySsd};
  }
  return {manifest, start};
}

/** Where the replicas lie at first: mostly piled up; never more on a node than fit. */
function randomStart(random: Random, size: Size, bins: readonly Bin[]): string[] {
  const replicas = random.between(2, 8);
  const piles = random.shuffled(bins).slice(0, random.weighted([1, 5], [2, 4], [3, 2], [bins.length, 2]));
  const start: string[] = [];
  for (const bin of piles) {
    const wanted = Math.ceil(replicas / piles.length);
    while (start.length < replicas && start.filter((name) => name === bin.node.name).length < wanted) {
      if (!take(bin, size)) {
        break;
      }
      start.push(bin.node.name);
    }
  }
  // What did not fit goes wherever there is room; what fits nowhere is not wanted.
  for (const bin of bins) {
    while (start.length < replicas && take(bin, size)) {
      start.push(bin.node.name);
    }
  }
  return start;
}

/** What an owner writes who wants the same as the policy. */
function softConstraint(app: string, {topologyKey, maxSkew = 1}: Topology): object {
  return {
    maxSkew,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: {matchLabels: {app}},
  };
}

function randomConstraint(random: Random, app: string): object {
  return {
    maxSkew: random.weighted([1, 3], [2, 1]),
    topologyKey: random.pick(HOSTNAME, ZONE),
    whenUnsatisfiable: random.pick('DoNotSchedule', 'ScheduleAnyway'),
    labelSelector: {matchLabels: {app}},
  };
}

function randomTopologies(random: Random): Topology[] {
  const whenUnsatisfiable = () =>
    random.weighted(['Auto' as const, 4], ['ScheduleAnyway' as const, 4], ['DoNotSchedule' as const, 1]);
  const even = (topologyKey: string) => ({
    topologyKey,
    distribution: 'Even' as const,
    maxSkew: random.weighted([1, 8], [2, 1], [3, 1]),
    whenUnsatisfiable: whenUnsatisfiable(),
  });
  const separate = (topologyKey: string) => ({
    topologyKey,
    distribution: 'Separate' as const,
    whenUnsatisfiable: whenUnsatisfiable(),
  });
  const node = () => (random.chance(0.5) ? separate(HOSTNAME) : even(HOSTNAME));
  return random.weighted(
    [() => [node()], 4],
    [() => [even(ZONE), node()], 4],
    [() => [even(ZONE)], 1],
    [() => [node(), even(ZONE)], 1],
  )();
}

function randomBudget(random: Random, namespace: string, app: string, replicas: number): Budget[] {
  const limits = random.weighted(
    [undefined, 12],
    [{maxUnavailable: 1}, 6],
    [{minAvailable: Math.max(0, replicas - 1)}, 3],
    [{maxUnavailable: 0}, 1],
  );
  return limits === undefined ? [] : [budget(namespace, {name: app, app, ...limits}) as Budget];
}

const container = {name: 'main', image: 'registry.k8s.io/pause:3.10'};

const onlySsd = {
  requiredDuringSchedulingIgnoredDuringExecution: {
    nodeSelectorTerms: [{matchExpressions: [{key: DISK, operator: 'In', values: ['ssd']}]}],
  },
};

function requiredAntiAffinity(app: string): object {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: [
      {topologyKey: HOSTNAME, labelSelector: {matchLabels: {app}}},
    ],
  };
}

function quantities({cpu, memory}: Size): {cpu?: string; memory?: string} {
  return {
    ...(cpu === 0 ? {} : {cpu: `${cpu}m`}),
    ...(memory === 0 ? {} : {memory: `${memory}Mi`}),
  };
}

function take({cpu, memory, pods, used}: Bin, size: Size): boolean {
  if (used.cpu + size.cpu > cpu || used.memory + size.memory > memory || used.pods + 1 > pods) {
    return false;
  }
  used.cpu += size.cpu;
  used.memory += size.memory;
  used.pods += 1;
  return true;
}

/** mulberry32: the same numbers on every machine. */
class Random {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring first numbers.
    this.#state = Math.imul(seed + 1, 0x9e37_79b1);
  }

  /** At least 0, less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(...values: readonly T[]): T {
    return values[this.between(0, values.length - 1)] as T;
  }

  weighted<T>(...values: readonly (readonly [T, number])[]): T {
    let left = this.next() * values.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [value, weight] of values) {
      left -= weight;
      if (left < 0) {
        return value;
      }
    }
    return this.pick(...values)[0];
  }

  shuffled<T>(values: readonly T[]): T[] {
    return values
      .map((value) => ({value, order: this.next()}))
      .sort((left, right) => left.order - right.order)
      .map(({value}) => value);
  }
}
