/**
 * How fast the simulated cluster is: `node bench/simulator.ts [--nodes 1000] [--pods 10000] [--no-events]`. Prints a table of phases:
 * simulated seconds, CPU seconds of this process, how many times faster than real time that is, and memory.
 *
 * CPU time rather than time on the clock, so that neighbours on the machine do not change the figures; the simulator
 * runs on one thread. In a quiet hour nothing happens; in a busy one there are a rollout a minute, a change of load every
 * ten seconds and a node lost (and back after a while) every ten minutes.
 */
import {parseArgs} from 'node:util';
import {SimulatedCluster} from '../src/simulator/simulated-cluster.ts';

const NAMESPACES = 100;
const REPLICAS = 10;

const {values} = parseArgs({
  options: {
    nodes: {type: 'string', default: '1000'},
    pods: {type: 'string', default: '10000'},
    'no-events': {type: 'boolean', default: false},
  },
});
const nodes = Number(values.nodes);
const workloads = Math.round(Number(values.pods) / REPLICAS);

interface Row {
  readonly phase: string;
  readonly simulatedSeconds: number;
  readonly cpuSeconds: number;
  readonly residentMegabytes: number;
}

const rows: Row[] = [];
let cluster = new SimulatedCluster({nodes: 0});

measure(`${nodes} nodes created`, () => {
  cluster = new SimulatedCluster({
    nodes,
    zones: 3,
    cpu: '16',
    memory: '64Gi',
    historyLimit: 1_000,
    events: !values['no-events'],
  });
});
measure(`${workloads} Deployments, Services and budgets created`, createWorkloads);
measure(`${workloads * REPLICAS} pods created, scheduled and Ready`, () => {
  const wanted = workloads * REPLICAS;
  while (readyReplicas() < wanted) {
    cluster.advance(1_000);
  }
});
measure('a quiet hour', () => cluster.advance(3_600_000));
measure('a busy hour', busyHour);

console.log(`${nodes} nodes, ${cluster.pods().length} pods, Node ${process.version}`);
console.table(
  rows.map(({phase, simulatedSeconds, cpuSeconds, residentMegabytes}) => ({
    phase,
    'simulated s': round(simulatedSeconds),
    'CPU s': round(cpuSeconds),
    'times real time': Math.round(simulatedSeconds / cpuSeconds),
    'resident MB': residentMegabytes,
  })),
);

function measure(phase: string, run: () => void): void {
  const before = process.cpuUsage();
  const since = cluster.now;
  const previous = cluster;
  run();
  const {user, system} = process.cpuUsage(before);
  rows.push({
    phase,
    simulatedSeconds: previous === cluster ? (cluster.now - since) / 1000 : 0,
    cpuSeconds: (user + system) / 1e6,
    residentMegabytes: Math.round(process.memoryUsage().rss / 1e6),
  });
}

function createWorkloads(): void {
  for (let index = 0; index < NAMESPACES; index++) {
    cluster.api.create('namespaces', {metadata: {name: `team-${index}`}}, 'bench');
  }
  cluster.advance(100);
  for (let index = 0; index < workloads; index++) {
    const {namespace, name} = workload(index);
    const labels = {app: name};
    const requests = {cpu: '500m', memory: '512Mi'};
    const template = {
      metadata: {labels},
      spec: {containers: [{name: 'main', image: 'registry.example/app:1', resources: {requests}}]},
    };
    const selector = {matchLabels: labels};
    cluster.api.create(
      'deployments.apps',
      {metadata: {name, namespace}, spec: {replicas: REPLICAS, selector, template}},
      'bench',
    );
    cluster.api.create(
      'services',
      {metadata: {name, namespace}, spec: {selector: labels, ports: [{port: 80}]}},
      'bench',
    );
    cluster.api.create(
      'poddisruptionbudgets.policy',
      {metadata: {name, namespace}, spec: {selector, maxUnavailable: 1}},
      'bench',
    );
  }
}

function busyHour(): void {
  for (let step = 0; step < 360; step++) {
    const {namespace, name} = workload((step * 7) % workloads);
    cluster.setLoad(`${namespace}/${name}`, 1_000 + ((step * 37) % 3_000));
    if (step % 6 === 0) {
      rollOut(step);
    }
    if (step % 60 === 10) {
      cluster.panicNode(`node-${1 + ((step * 13) % nodes)}`);
    }
    cluster.advance(10_000);
  }
}

function rollOut(step: number): void {
  const {namespace, name} = workload((step * 11) % workloads);
  cluster.api.update(
    'deployments.apps',
    namespace,
    name,
    (current) => {
      const spec = current['spec'] as {template: {metadata: object}};
      const metadata = {...spec.template.metadata, annotations: {step: String(step)}};
      return {...current, spec: {...spec, template: {...spec.template, metadata}}};
    },
    {actor: 'bench'},
  );
}

function workload(index: number): {namespace: string; name: string} {
  return {namespace: `team-${index % NAMESPACES}`, name: `app-${index}`};
}

function readyReplicas(): number {
  return cluster.api
    .list('deployments.apps')
    .reduce(
      (sum, {status}) => sum + ((status as {readyReplicas?: number} | undefined)?.readyReplicas ?? 0),
      0,
    );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
