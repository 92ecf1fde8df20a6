import {describe, expect, it} from '@jest/globals';
import {clusterState, type NodeOptions, node} from '../../test/scenarios/builders.ts';
import {HOSTNAME, planRequest, ZONE} from '../../test/scenarios/scheduled-moves.ts';
import {settled, type WorkloadOptions} from '../../test/scenarios/workloads.ts';
import type {Pod} from '../cluster/pod.ts';
import type {ApiPodSpec} from '../cluster/pod-spec.ts';
import type {TopologyRule} from './eligibility.ts';
import {keepsTheEnd, planTogether, type TogetherPlan, type TogetherRequest} from './together.ts';

const SSD = {labels: {disk: 'ssd'}};

describe('planTogether', () => {
  it('plans each workload as if it were alone where there is room for all', () => {
    const plan = planTogether(request({a: {}, b: {}, c: {}}, {api: {at: {a: 3}}, web: {at: {a: 2}}}));

    expect(movesOf(plan)).toEqual(['api-1 a>b|c', 'api-2 a>c', 'web-1 a>b|c']);
    expect(plan).toMatchObject({
      exact: true,
      objective: [0, 5, 0],
      lowerBound: {objective: [0, 5, 0], moves: 3},
    });
    expect(plan.refusals.size).toBe(0);
  });

  it('gives the last slot to one workload only, and tells the other one who has it', () => {
    const plan = planTogether(
      request({a: {cpu: 4}, b: {cpu: 1}}, {api: {at: {a: 2}, cpu: 1}, web: {at: {a: 2}, cpu: 1}}),
    );

    expect(movesOf(plan)).toEqual(['api-1 a>b']);
    expect(plan.exact).toBe(true);
    expect([...plan.refusals]).toEqual([
      [
        'default/web',
        {
          reason: 'NoFeasibleNode',
          message:
            'no node has room for a replacement: Insufficient cpu (b); b is filled by ReplicaSet api-h1 (1 pod)',
        },
      ],
    ]);
  });

  it('lets a workload move out of the way of another one, where it is as well off elsewhere', () => {
    const plan = planTogether(
      request(
        {a: {cpu: 4, ...SSD}, b: {cpu: 2, ...SSD}, c: {cpu: 2}, d: {cpu: 4}},
        {api: {at: {b: 1, c: 1}, cpu: 2}, web: {at: {a: 2}, cpu: 2, podSpec: {nodeSelector: {disk: 'ssd'}}}},
      ),
    );

    expect(movesOf(plan)).toEqual(['api-1 b>d for default/web', 'web-1 a>b']);
    expect(plan.exact).toBe(true);
    expect(plan.moves[0]?.move.reason).toBe('makes room for Deployment web on b, and is no worse off on d');
  });

  it('swaps two workloads by way of a third node', () => {
    const plan = planTogether(
      request(
        {a: {cpu: 2}, b: {cpu: 2}, c: {cpu: 9, pods: 3}},
        {api: {at: {a: 2, c: 1}, cpu: 1}, web: {at: {b: 2, c: 1}, cpu: 1}},
      ),
    );

    expect(movesOf(plan)).toEqual(['api-1 a>c for default/web', 'web-1 b>a', 'api-1 c>b']);
    expect(plan.exact).toBe(true);
  });

  it('moves nothing where a replica would have to go before there is room for another', () => {
    const plan = planTogether(
      request({a: {cpu: 2}, b: {cpu: 2}}, {api: {at: {a: 2}, cpu: 1}, web: {at: {b: 2}, cpu: 1}}),
    );

    expect(plan).toMatchObject({moves: [], exact: true});
    expect([...plan.refusals.keys()]).toEqual(['default/api', 'default/web']);
  });

  it('moves nothing of a workload that may not be moved now, and counts with the room that it takes', () => {
    const {workloads, ...rest} = request(
      {a: {cpu: 4, ...SSD}, b: {cpu: 2, ...SSD}, c: {cpu: 2}, d: {cpu: 4}},
      {api: {at: {b: 1, c: 1}, cpu: 2}, web: {at: {a: 2}, cpu: 2, podSpec: {nodeSelector: {disk: 'ssd'}}}},
    );

    const plan = planTogether({
      ...rest,
      workloads: workloads.map((member) => ({...member, movable: member.key !== 'default/api'})),
    });

    expect(plan).toMatchObject({moves: [], exact: true});
  });

  it('leaves replicas alone that are not to be disrupted', () => {
    const plan = planTogether(
      request(
        {a: {cpu: 4, ...SSD}, b: {cpu: 2, ...SSD}, c: {cpu: 2}, d: {cpu: 4}},
        {
          api: {at: {b: 1, c: 1}, cpu: 2, pods: (each) => ({...each, doNotDisrupt: 'x: "true"'})},
          web: {at: {a: 2}, cpu: 2, podSpec: {nodeSelector: {disk: 'ssd'}}},
        },
      ),
    );

    expect(plan).toMatchObject({moves: [], exact: true});
  });

  it('sends a neighbour away that a workload is to be kept apart from and cannot leave itself', () => {
    const plan = planTogether(
      request(
        {a: SSD, b: {cpu: 4, ...SSD}, c: {}, d: {}},
        {
          heavy: {at: {a: 1, c: 1}, cpu: 1},
          web: {at: {a: 1, b: 1}, cpu: 4, podSpec: {nodeSelector: {disk: 'ssd'}}, awayFrom: 'heavy'},
        },
      ),
    );

    expect(movesOf(plan)).toEqual(['heavy-1 a>d for default/web']);
    expect(plan).toMatchObject({exact: true, objective: [0, 4, 0]});
  });

  it('says so when it has not looked at everything, with a bound that still holds', () => {
    const contended = request(
      {a: {cpu: 4, ...SSD}, b: {cpu: 2, ...SSD}, c: {cpu: 2}, d: {cpu: 4}},
      {api: {at: {b: 1, c: 1}, cpu: 2}, web: {at: {a: 2}, cpu: 2, podSpec: {nodeSelector: {disk: 'ssd'}}}},
    );

    const plan = planTogether({...contended, limits: {search: 10, proof: 0}});

    expect(plan).toMatchObject({
      moves: [],
      isComplete: false,
      exact: false,
      objective: [0, 5, 0],
      lowerBound: {objective: [0, 4, 0], moves: 1},
    });
  });
});

describe('planTogether: what each move is for', () => {
  // The replacement would go to the larger node of zone-a as long as that has none; with a replica on each of the two,
  // it would go to zone-b.
  const zones = {
    a1: {cpu: 3, zone: 'zone-a'},
    a2: {cpu: 100, zone: 'zone-a'},
    b1: {cpu: 10, zone: 'zone-b'},
  };
  const byNode = {
    cpu: 1,
    podSpec: {
      affinity: {},
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'ScheduleAnyway' as const,
          labelSelector: {matchLabels: {app: 'web'}},
        },
      ],
    },
  };

  it('moves no replica that gains nothing, just to make the scheduler choose rightly for the next one', () => {
    const plan = planTogether(request(zones, {web: {at: {a1: 2}, ...byNode}}, [ZONE]));

    expect(movesOf(plan)).toEqual([]);
    expect([...plan.refusals.keys()]).toEqual(['default/web']);
  });

  it('names the workload that gains by it, also where another one makes room in between', () => {
    const plan = planTogether(
      request(
        {a: {cpu: 5}, b: {cpu: 8}, c: {cpu: 5}, d: {cpu: 3}},
        {
          web: {at: {a: 1, b: 2, d: 1}, cpu: 2},
          api: {at: {a: 1, b: 1}, cpu: 1},
          // Not at its best either, and no better on b than on c.
          db: {at: {a: 1, b: 1, c: 2}, cpu: 2},
        },
      ),
    );

    expect(movesOf(plan)).toEqual(['api-2 b>c for default/web', 'db-3 c>b for default/web', 'web-2 b>c']);
  });

  const tainted = {...SSD, taints: ['dedicated:NoSchedule']};

  it('does not call it making room when the other workload could have moved without it', () => {
    const plan = planTogether(
      request(
        {...zones, c1: {cpu: 4, ...tainted, zone: 'zone-a'}, c2: {cpu: 4, ...tainted, zone: 'zone-b'}},
        {
          api: {
            at: {c1: 2},
            cpu: 1,
            podSpec: {nodeSelector: SSD.labels, tolerations: [{operator: 'Exists'}]},
          },
          web: {at: {a1: 2}, ...byNode},
        },
        [ZONE],
      ),
    );

    expect(movesOf(plan)).toEqual(['api-1 c1>c2']);
  });

  it('takes no step that is better but leaves as many to go', () => {
    // [4, 0, 0, 1] takes two moves; and so would [3, 0, 0, 2], which is where the scheduler would lead.
    const shunned = {taints: ['dedicated:PreferNoSchedule']};

    const plan = planTogether(
      request({a: {}, b: shunned, c: shunned, d: {}}, {web: {at: {a: 4, d: 1}, podSpec: {affinity: {}}}}),
    );

    expect(plan).toMatchObject({moves: [], exact: false, lowerBound: {moves: 2}});
    expect([...plan.refusals.keys()]).toEqual(['default/web']);
  });
});

describe('planTogether: workloads whose nodes carry different topologies', () => {
  it('adds up each topology by itself', () => {
    const zoned = {labels: {disk: 'hdd'}};

    const plan = planTogether(
      request(
        {a: {zone: 'zone-a', ...zoned}, b: {zone: 'zone-b', ...zoned}, x: SSD, y: SSD},
        {
          db: {at: {x: 3}, podSpec: {nodeSelector: SSD.labels}},
          web: {at: {a: 2}, podSpec: {nodeSelector: zoned.labels}},
        },
        [ZONE, HOSTNAME],
      ),
    );

    expect(plan.objectiveBefore).toEqual([0, 3, 6 + 3, 0]);
    expect(plan.objective).toEqual([0, 2, 4 + 2, 0]);
  });
});

describe('keepsTheEnd', () => {
  const contended = request(
    {a: {cpu: 8, ...SSD}, b: {cpu: 2, ...SSD}, c: {cpu: 2}},
    {any: {at: {a: 2}, cpu: 2}, ssd: {at: {a: 2}, cpu: 2, podSpec: {nodeSelector: {disk: 'ssd'}}}},
  );
  const plan = planTogether(contended);

  it('holds of the first move of the plan', () => {
    const [first] = plan.moves;

    expect(movesOf(plan)).toEqual(['ssd-1 a>b', 'any-1 a>c']);
    expect(first !== undefined && keepsTheEnd(contended, plan, first)).toBe(true);
  });

  it('holds of it without another search, as the rest of the plan is what follows', () => {
    const [first] = plan.moves;
    const unsearched = {...contended, limits: {search: 0, proof: 0}};

    expect(first !== undefined && keepsTheEnd(unsearched, plan, first)).toBe(true);
  });

  it('does not hold of a move that may take the only room of another workload', () => {
    const [, second] = plan.moves;
    const move = second === undefined ? undefined : {...second, move: {...second.move, to: ['b', 'c']}};

    expect(move !== undefined && keepsTheEnd(contended, plan, move)).toBe(false);
  });
});

interface Described {
  /** Replicas by node. */
  readonly at: Readonly<Record<string, number>>;
  readonly cpu?: number;
  readonly podSpec?: ApiPodSpec;
  /** A hard separateFrom the pods of this Deployment. */
  readonly awayFrom?: string;
  readonly pods?: (pod: Pod) => Pod;
}

function request(
  nodes: Readonly<
    Record<
      string,
      {readonly cpu?: number; readonly pods?: number} & Pick<NodeOptions, 'labels' | 'zone' | 'taints'>
    >
  >,
  workloads: Readonly<Record<string, Described>>,
  topologies: readonly TopologyRule[] = [HOSTNAME],
): TogetherRequest {
  const replicas = Object.entries(workloads).map(([name, described]) => {
    const created = settled(described.at, optionsOf(name, described));
    return {...created, pods: created.pods.map(described.pods ?? ((each) => each))};
  });
  const snapshot = clusterState({
    nodes: Object.entries(nodes).map(([name, {cpu = 16, pods = 110, ...options}]) =>
      node(name, {...options, allocatable: {cpu: `${cpu}`, pods: `${pods}`}}),
    ),
    pods: replicas.flatMap((each) => each.pods),
  });
  return {
    workloads: replicas.map((each) => {
      const {snapshot: _, detailedMoves: __, ...own} = planRequest(each, snapshot, {topologies});
      const {name} = each.workload;
      const separateFrom = separationOf(workloads[name]?.awayFrom);
      return {
        key: `default/${name}`,
        title: `Deployment ${name}`,
        request: {...own, separateFrom},
        movable: true,
      };
    }),
    snapshot,
  };
}

function separationOf(app: string | undefined) {
  const whenUnsatisfiable = 'DoNotSchedule' as const;
  return app === undefined
    ? []
    : [{selector: {matchLabels: {app}}, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable}];
}

function optionsOf(name: string, {cpu, podSpec}: Described): WorkloadOptions {
  const podAffinityTerm = {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {app: name}}};
  return {
    name,
    ...(cpu === undefined ? {} : {requests: {cpu: `${cpu}`}}),
    podSpec: {
      affinity: {
        podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, podAffinityTerm}]},
      },
      ...podSpec,
    },
  };
}

/** `web-1 a>b`, and for whom room is made. */
function movesOf({moves}: TogetherPlan): string[] {
  return moves.map(({move: {pod, from, to, makesRoomFor}}) => {
    const whom = makesRoomFor === undefined ? '' : ` for ${makesRoomFor.workload}`;
    return `${pod.name.replaceAll('-replacement', '')} ${from}>${to.join('|')}${whom}`;
  });
}
