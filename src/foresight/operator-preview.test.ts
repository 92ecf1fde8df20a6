import {describe, expect, it} from '@jest/globals';
import {withDefaults} from '../api/defaults.ts';
import type {WrittenSpec} from '../api/types.ts';
import {moonlight} from '../simulator/demo/moonlight.ts';
import {type ClusterCaches, cachesOf} from './cluster-picture.ts';
import {type OperatorPreview, previewOperator} from './operator-preview.ts';
import {applyPolicy, assumePolicies} from './policy-sources.ts';

const KINDS = [
  'namespaces',
  'nodes',
  'pods',
  'deployments.apps',
  'replicasets.apps',
  'poddisruptionbudgets.policy',
];

describe('foresight/operator-preview', () => {
  const {api, now} = moonlight();
  const server = {major: 1, minor: 36};

  function caches(): ClusterCaches {
    return cachesOf({objects: KINDS.flatMap((kind) => api.list(kind))});
  }

  async function preview(spec: Partial<WrittenSpec>): Promise<OperatorPreview> {
    const of = caches();
    applyPolicy(
      of,
      withDefaults({
        apiVersion: 'spread-operator.io/v1alpha1',
        kind: 'SpreadPolicy',
        metadata: {name: 'apart', namespace: 'moonlight', uid: 'a'},
        spec: {selector: {matchLabels: {app: 'web'}}, ...spec},
      }),
    );
    return await previewOperator(of, {server, takenAt: now});
  }

  it('follows move after move, each when the one before is done', async () => {
    const {workloads} = await preview({injection: {mode: 'Disabled'}});

    expect(workloads).toHaveLength(1);
    expect(workloads[0]).toMatchObject({
      key: 'moonlight/web',
      entry: {movesNeeded: 2},
      moves: [
        {round: 1, from: 'node-1'},
        {round: 2, from: 'node-1'},
      ],
      afterwards: {state: 'Spread', movesNeeded: 0},
    });
    expect(workloads[0]).not.toHaveProperty('edit');
  });

  it('tells of the edit that comes first, and of the moves on the present template', async () => {
    const {workloads} = await preview({});

    expect(workloads[0]).toMatchObject({
      edit: {required: [{topologyKey: 'kubernetes.io/hostname'}]},
      moves: [{round: 1}, {round: 2}],
    });
  });

  it('moves nothing where the policy does not let it', async () => {
    const {workloads} = await preview({injection: {mode: 'Disabled'}, eviction: {mode: 'DryRun'}});

    expect(workloads[0]).toMatchObject({
      entry: {state: 'Planned', moves: [{from: 'node-1'}, {from: 'node-1'}]},
      moves: [],
    });
  });

  it('leaves what a policy governs to it, and takes an assumed one for the rest', async () => {
    const of = caches();
    assumePolicies(of, {injection: {mode: 'Disabled'}});

    const {workloads} = await previewOperator(of, {server, takenAt: now});

    expect(workloads.map(({key, moves}) => [key, moves.length])).toEqual([
      ['moonlight/redis', 0],
      ['moonlight/ssr', 0],
      ['moonlight/web', 2],
    ]);
  });
});
