import {describe, expect, it} from '@jest/globals';
import {fill} from '../../bench/cluster/fill.ts';
import {type ClusterLayout, clusterLayout} from '../../bench/cluster/layout.ts';
import {apiDeployments, apiPods} from '../../bench/cluster/objects.ts';
import {PodEvents} from '../../bench/pod-events.ts';
import {formatTable} from '../../bench/table.ts';
import {currentReplicaSet, type WorkloadReplicas} from '../../src/cluster/replicas.ts';
import {type NodeInfo, type SchedulingSnapshot, withChanges} from '../../src/cluster/snapshot.ts';
import {assess} from '../../src/planning/assess.ts';
import {plan} from '../../src/planning/plan.ts';
import {receptionAfter} from '../../src/planning/reception.ts';
import {replacementOf} from '../../src/planning/replacement.ts';
import {Prospect} from '../../src/scheduling/prospect.ts';

const HOSTNAME = {topologyKey: 'kubernetes.io/hostname', distribution: 'Separate', maxSkew: 1} as const;

describe('the generated cluster', () => {
  it('is the same each time', () => {
    const [first, second] = [0, 1].map(() => {
      const layout = clusterLayout({pods: 300});
      const events = new PodEvents(layout, 1);
      return {
        layout,
        pods: [...apiPods(layout)],
        events: Array.from({length: 200}, () => events.next().pod.metadata.name),
      };
    });

    expect(second).toEqual(first);
  });

  it('is another one with another seed', () => {
    expect(clusterLayout({pods: 1000, seed: 2}).workloads).not.toEqual(clusterLayout({pods: 1000}).workloads);
  });

  it('has the proportions of a large cluster', () => {
    const layout = clusterLayout({pods: 30_000});

    expect(layout.nodes).toHaveLength(1000);
    expect(layout.workloads).toHaveLength(1000);
    expect(layout.pods).toBe(30_000);
    const sizes = layout.workloads.map(({nodes}) => nodes.length).sort((a, b) => a - b);
    expect(sizes[0]).toBeLessThan(4);
    expect(sizes[500]).toBeLessThan(12);
    expect(sizes.at(-1)).toBeGreaterThan(300);
    const coLocated = layout.workloads.filter((workload) => workload.coLocated).length;
    expect(coLocated).toBeGreaterThan(2);
    expect(coLocated).toBeLessThan(60);
  });

  it('puts no more on a node than its CPUs hold', () => {
    const layout = clusterLayout({pods: 30_000});
    const used = new Map<number, number>();
    for (const {nodes, milliCPU} of layout.workloads) {
      for (const node of nodes) {
        used.set(node ?? -1, (used.get(node ?? -1) ?? 0) + milliCPU);
      }
    }

    const overfull = layout.nodes.filter(({cpu}, index) => (used.get(index) ?? 0) > cpu * 1000);

    expect(overfull.map(({name}) => name)).toEqual([]);
  });

  it('owns the rules that it says are injected', () => {
    const layout = clusterLayout({pods: 3000});

    const owned = [...apiDeployments(layout)].filter(
      ({metadata}) => (metadata.managedFields ?? []).length > 0,
    );

    expect(owned).toHaveLength(layout.workloads.filter(({namespace}) => namespace.injected).length);
  });
});

describe('what a look at a workload visits', () => {
  const layout = clusterLayout({pods: 9000});

  it('is a few nodes for each replica, when it is spread', () => {
    const {visits, replicas} = lookAt(layout, ({pods}) => pods.length > 20);

    expect(visits.all).toBe(0);
    expect(visits.single).toBeLessThan(10 * replicas);
  });

  it('is the same in a cluster that is three times as large', () => {
    const small = lookAt(clusterLayout({pods: 3000}), ({pods}) => pods.length === 14);
    const large = lookAt(layout, ({pods}) => pods.length === 14);

    expect(large.visits).toEqual(small.visits);
  });
});

describe('what a look at a workload that is not spread visits', () => {
  it('is a few empty nodes, to know how far from spread it is', () => {
    const {request, counting} = piledUp(clusterLayout({pods: 9000}));
    assess(request);
    counting.visits = {all: 0, single: 0};

    const {movesNeeded} = assess(request);

    expect(movesNeeded).toBe(1);
    expect(counting.visits.all).toBe(0);
    // The room of its own nodes is not asked for, however many it has.
    expect(counting.visits.single).toBeLessThan(1.5 * request.replicas.length);
  });

  it('is every node a few times, however many replicas are tried', () => {
    const {request, counting, tried} = refused();
    plan(request);
    counting.visits = {all: 0, single: 0};

    const {moves, refusal} = plan(request);

    expect(moves).toEqual([]);
    expect(refusal?.isOverruled).toBe(true);
    expect(tried).toBeGreaterThan(5);
    expect(counting.visits.all).toBeLessThanOrEqual(2 * counting.nodes);
  });

  it('is one node for each moment of a replica that no rule is about', () => {
    const {request} = piledUp(clusterLayout({pods: 3000}));
    const {spec} = request.replacement;
    const replacement = {
      ...request.replacement,
      spec: {...spec, podAntiAffinity: {required: [], preferred: []}, topologySpreadConstraints: []},
    };
    const now = Prospect.of(replacement, request.snapshot);
    const replicas = request.replicas.filter((pod) => pod.spec.podAntiAffinity.required.length === 0);

    const judged = replicas.map((pod) => receptionAfter(now, pod).judged);

    expect(now.judged).toBe(now.table.size);
    // While it shuts down, and when it has gone.
    expect(new Set(judged)).toEqual(new Set([2]));
  });
});

it('prints tables as Markdown', () => {
  const table = formatTable(
    [
      {pods: 1000, value: 2},
      {pods: 10_000, value: 30},
    ],
    {time: (value) => `${value} ms`, '× before': (value, before) => (before ? String(value / before) : '')},
  );

  expect(table.split('\n')).toEqual([
    '|   pods |  time | × before |',
    '| -----: | ----: | -------: |',
    '|  1,000 |  2 ms |          |',
    '| 10,000 | 30 ms |       15 |',
  ]);
});

/** Assesses a spread workload twice, and counts at the second time what it asks of the snapshot. */
function lookAt(layout: ClusterLayout, choose: (replicas: WorkloadReplicas) => boolean) {
  const {cache} = fill(layout);
  const alike = new Set(
    layout.workloads
      .filter(({namespace: {injected, topologies}}) => injected && topologies === 'hostname')
      .map(({name}) => name),
  );
  for (const workload of cache.workloads()) {
    const replicas = cache.replicasOf(workload);
    const nodes = new Set(replicas.pods.map(({nodeName}) => nodeName));
    if (alike.has(workload.name) && nodes.size === workload.replicas && choose(replicas)) {
      const counting = new CountingSnapshot(cache.state);
      const request = {
        replicas: replicas.pods,
        replacement: replacementOf(workload, currentReplicaSet(replicas)),
        topologies: [HOSTNAME],
        snapshot: counting.snapshot,
      };
      assess(request);
      counting.visits = {all: 0, single: 0};
      expect(assess(request).movesNeeded).toBe(0);
      return {visits: counting.visits, replicas: replicas.pods.length};
    }
  }
  throw new Error('expected a workload that is spread, found none');
}

/** Of a workload that is spread over many nodes, one replica is beside another one. */
function piledUp(layout: ClusterLayout) {
  const {cache} = fill(layout);
  for (const workload of cache.workloads()) {
    const replicas = cache.replicasOf(workload);
    const nodes = new Set(replicas.pods.map(({nodeName}) => nodeName));
    const [first, second, ...others] = replicas.pods;
    if (nodes.size === workload.replicas && nodes.size > 40 && first !== undefined && second !== undefined) {
      const moved = {...second, nodeName: first.nodeName ?? ''};
      const counting = new CountingSnapshot(withChanges(cache.state, {remove: [second], add: [moved]}));
      const request = {
        replicas: [first, moved, ...others],
        replacement: replacementOf(workload, currentReplicaSet(replicas)),
        topologies: [HOSTNAME],
        snapshot: counting.snapshot,
      };
      return {request, counting};
    }
  }
  throw new Error('expected a workload with many replicas that is spread, found none');
}

/** A workload whose one missing move the scheduler would not make, whichever replica went. */
function refused() {
  const {cache, policies} = fill(clusterLayout({pods: 1000}));
  for (const workload of cache.workloads()) {
    const replicas = cache.replicasOf(workload);
    const counting = new CountingSnapshot(cache.state);
    const request = {
      replicas: replicas.pods,
      replacement: replacementOf(workload, currentReplicaSet(replicas)),
      topologies: policies.governing(workload)?.object.spec.topologies ?? [],
      snapshot: counting.snapshot,
      detailedMoves: 1,
    };
    const {refusal} = plan(request);
    const tried = new Set(replicas.pods.map(({nodeName}) => nodeName)).size;
    if (refusal?.isOverruled === true && tried > 5) {
      return {request, counting, tried};
    }
  }
  throw new Error('expected a workload whose move is refused, found none');
}

class CountingSnapshot {
  readonly snapshot: SchedulingSnapshot;
  /** Nodes that were gone through, and nodes that were asked for by name. */
  visits = {all: 0, single: 0};
  readonly nodes: number;

  constructor(of: SchedulingSnapshot) {
    this.nodes = [...of.nodeInfos()].length;
    const visits = () => this.visits;
    this.snapshot = new Proxy(of, {
      get(target, property) {
        if (property === 'nodeInfo') {
          return (name: string): NodeInfo | undefined => {
            visits().single += 1;
            return target.nodeInfo(name);
          };
        }
        if (property === 'nodeInfos') {
          return function* () {
            for (const info of target.nodeInfos()) {
              visits().all += 1;
              yield info;
            }
          };
        }
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}
