import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {HOSTNAME, planRequest, ZONE} from '../../test/scenarios/scheduled-moves.ts';
import {settled, type WorkloadOptions} from '../../test/scenarios/workloads.ts';
import type {Node} from '../cluster/node.ts';
import type {Pod} from '../cluster/pod.ts';
import {type Assessment, assess} from './assess.ts';
import type {TopologyRule} from './eligibility.ts';

describe('assess: eligible domains', () => {
  it.each<{what: string; other: Node; template?: WorkloadOptions['podSpec']; cause: string; message: string}>(
    [
      {
        what: 'cordoned',
        other: node('b', {unschedulable: true}),
        cause: 'Unschedulable',
        message: 'cordoned',
      },
      {what: 'not Ready', other: node('b', {ready: 'False'}), cause: 'NotReady', message: 'not Ready'},
      {what: 'lost', other: node('b', {ready: 'Unknown'}), cause: 'NotReady', message: 'not Ready'},
      {
        what: 'tainted',
        other: node('b', {taints: ['busy:PreferNoSchedule', 'dedicated=db:NoSchedule']}),
        cause: 'Taint',
        message: 'taint dedicated=db:NoSchedule not tolerated',
      },
      {
        what: 'not selected',
        other: node('b'),
        template: {nodeSelector: {disk: 'ssd'}},
        cause: 'NodeAffinity',
        message: 'not matched by the nodeSelector or node affinity',
      },
    ],
  )('a node that is $what is none, and says why', ({other, template, cause, message}) => {
    const nodes = [node('a', {labels: {disk: 'ssd'}}), other];

    const {topologies, ineligible, movesNeeded} = assessed({a: 2}, nodes, {podSpec: template ?? {}});

    expect(topologies[0]).toMatchObject({eligibleDomains: 1, eligibleNodes: 1, skew: 0});
    expect(ineligible).toEqual([{node: 'b', cause, message}]);
    expect(movesNeeded).toBe(0);
  });

  it('a tolerated taint makes no difference', () => {
    const podSpec: WorkloadOptions['podSpec'] = {tolerations: [{key: 'dedicated', operator: 'Exists'}]};
    const nodes = [node('a'), node('b', {taints: ['dedicated=db:NoSchedule']})];

    expect(assessed({a: 2}, nodes, {podSpec}).movesNeeded).toBe(1);
  });

  it('a cordoned node gives replicas away and receives none', () => {
    const nodes = [node('a', {unschedulable: true}), node('b'), node('c')];

    const {topologies, movesNeeded} = assessed({a: 3}, nodes);

    expect(topologies[0]).toMatchObject({
      eligibleDomains: 2,
      skew: 3,
      domains: [
        {name: 'a', replicas: 3, eligible: false},
        {name: 'b', replicas: 0, eligible: true},
        {name: 'c', replicas: 0, eligible: true},
      ],
    });
    expect(movesNeeded).toBe(2);
  });

  it('an empty cordoned node is no empty domain', () => {
    const nodes = [node('a'), node('b'), node('c', {unschedulable: true})];

    expect(assessed({a: 1, b: 1}, nodes).topologies[0]).toMatchObject({eligibleDomains: 2, skew: 0});
  });

  it('replicas on nodes without the zone label lie together, however even the zones are', () => {
    const nodes = [node('a', {zone: 'x'}), node('b', {zone: 'y'}), node('c')];

    expect(assessed({a: 1, b: 1, c: 3}, nodes, {}, [ZONE]).movesNeeded).toBe(1);
  });

  it('a node without the zone label is no zone', () => {
    const nodes = [node('a', {zone: 'x'}), node('b', {zone: 'y'}), node('c')];

    const {topologies, ineligible, movesNeeded} = assessed({a: 1, b: 1}, nodes, {}, [ZONE, HOSTNAME]);

    expect(topologies.map(({eligibleDomains, skew}) => ({eligibleDomains, skew}))).toEqual([
      {eligibleDomains: 2, skew: 0},
      {eligibleDomains: 2, skew: 0},
    ]);
    expect(ineligible).toEqual([
      {node: 'c', cause: 'TopologyKey', message: 'without label topology.kubernetes.io/zone'},
    ]);
    expect(movesNeeded).toBe(0);
  });

  it('replicas on a node without the zone label are to be moved into the zones', () => {
    const nodes = [node('a', {zone: 'x'}), node('b', {zone: 'y'}), node('c')];

    expect(assessed({a: 0, b: 0, c: 3}, nodes, {}, [ZONE, HOSTNAME]).movesNeeded).toBe(2);
  });

  it('a zone label that only one node carries does not rule the others out', () => {
    const nodes = [node('a', {zone: 'x'}), node('b'), node('c')];

    const {eligibleNodes, movesNeeded, ineligible} = assessed({a: 2}, nodes, {}, [ZONE, HOSTNAME]);

    expect({eligibleNodes, movesNeeded, ineligible}).toEqual({
      eligibleNodes: 3,
      movesNeeded: 1,
      ineligible: [],
    });
  });
});

describe('assess: room', () => {
  it.each<{what: string; full: Node; template?: WorkloadOptions; pods?: Pod[]; reason: string}>([
    {
      what: 'CPU',
      full: node('b', {allocatable: {cpu: '1'}}),
      template: {requests: {cpu: '2'}},
      reason: 'Insufficient cpu',
    },
    {
      what: 'memory',
      full: node('b'),
      template: {requests: {memory: '1Gi'}},
      pods: [pod('neighbour', {on: 'b', requests: {memory: '16Gi'}})],
      reason: 'Insufficient memory',
    },
    {
      what: 'pods',
      full: node('b', {allocatable: {pods: '1'}}),
      pods: [pod('neighbour', {on: 'b', labels: {app: 'db'}})],
      reason: 'Too many pods',
    },
    {
      what: 'a GPU',
      full: node('b'),
      template: {requests: {'nvidia.com/gpu': '1'}},
      reason: 'Insufficient nvidia.com/gpu',
    },
    {
      what: 'the host port',
      full: node('b'),
      template: {podSpec: {containers: [{ports: [{hostPort: 80}]}]}},
      pods: [pod('neighbour', {on: 'b', spec: {containers: [{ports: [{hostPort: 80}]}]}})],
      reason: "node(s) didn't have free ports for the requested pod ports",
    },
  ])('a node without $what takes no move, and is named', ({full, template, pods, reason}) => {
    const nodes = [node('a', {allocatable: {'nvidia.com/gpu': '9'}}), full];

    const {topologies, movesNeeded, movesWanted, noRoom} = assessed(
      {a: 2},
      nodes,
      template,
      [HOSTNAME],
      pods,
    );

    expect(topologies[0]).toMatchObject({eligibleDomains: 2, domainsWithRoom: 1});
    expect({movesNeeded, movesWanted}).toEqual({movesNeeded: 0, movesWanted: 1});
    expect(noRoom.map(({node, reasons}) => ({node, reasons}))).toEqual([{node: 'b', reasons: [reason]}]);
  });

  it('counts how many copies fit: more are wanted than needed when the others are small', () => {
    const nodes = [node('a'), node('b', {allocatable: {cpu: '1500m'}}), node('c', {allocatable: {cpu: '1'}})];

    const {movesNeeded, movesWanted} = assessed({a: 6}, nodes, {requests: {cpu: '600m'}});

    expect({movesNeeded, movesWanted}).toEqual({movesNeeded: 3, movesWanted: 4});
  });

  it('counts how many more pods a node takes beside those that it has', () => {
    const nodes = [node('a'), node('b', {allocatable: {pods: '3'}})];
    const neighbours = ['x', 'y'].map((name) => pod(name, {on: 'b', labels: {app: 'db'}}));

    const {movesNeeded, movesWanted} = assessed({a: 6}, nodes, {}, [HOSTNAME], neighbours);

    expect({movesNeeded, movesWanted}).toEqual({movesNeeded: 1, movesWanted: 3});
  });

  it('takes the workload’s own replicas for no obstacle to themselves', () => {
    const nodes = [node('a', {allocatable: {cpu: '2'}}), node('b', {allocatable: {cpu: '1'}})];

    const {movesNeeded, noRoom} = assessed({a: 1, b: 1}, nodes, {requests: {cpu: '1'}});

    expect({movesNeeded, noRoom}).toEqual({movesNeeded: 0, noRoom: []});
  });

  it('does not count a replica that is terminating as a replica, but as in the way', () => {
    const nodes = [node('a'), node('b', {allocatable: {cpu: '1'}})];
    const {workload, pods} = settled({a: 2, b: 1}, {requests: {cpu: '1'}});
    const [first, second, third] = pods as [Pod, Pod, Pod];
    const leaving = {...third, deletionTimestamp: 1};

    const {topologies, movesNeeded, movesWanted} = assess(
      planRequest(
        {workload, pods: [first, second, leaving]},
        clusterState({nodes, pods: [first, second, leaving]}),
      ),
    );

    expect(topologies[0]?.domains.map(({name, replicas}) => [name, replicas])).toEqual([
      ['a', 2],
      ['b', 0],
    ]);
    expect({movesNeeded, movesWanted}).toEqual({movesNeeded: 0, movesWanted: 1});
  });

  it('counts a Pending replica nowhere', () => {
    const {workload, pods} = settled({a: 2, b: 1});
    const waiting = pod('web-4');

    const assessment = assess(
      planRequest(
        {workload, pods: [...pods, waiting]},
        clusterState({nodes: [node('a'), node('b'), node('c')], pods}),
      ),
    );

    expect(assessment.topologies[0]?.domains.map(({replicas}) => replicas)).toEqual([2, 1, 0]);
    expect(assessment.movesNeeded).toBe(1);
  });
});

function assessed(
  placement: Record<string, number>,
  nodes: readonly Node[],
  template: WorkloadOptions = {},
  topologies: readonly TopologyRule[] = [HOSTNAME],
  others: readonly Pod[] = [],
): Assessment {
  const replicas = settled(placement, template);
  const snapshot = clusterState({nodes, pods: [...replicas.pods, ...others]});
  return assess(planRequest(replicas, snapshot, {topologies}));
}
