import {describe, expect, it} from '@jest/globals';
import type {SpreadPolicySpec, Topology, WorkloadStatus, WrittenSpec} from './types.ts';

// The compiler is the test here: each line breaks `tsc` when the inference from the schema breaks.
describe('types inferred from the schema', () => {
  it('has everything that is required or has a default, once defaulted', () => {
    const topology = {
      topologyKey: 'kubernetes.io/hostname',
      distribution: 'Separate',
      maxSkew: 1,
      whenUnsatisfiable: 'Auto',
    } satisfies Topology;

    // @ts-expect-error distribution has a default, so it is never missing.
    const withoutDefault: Topology = {topologyKey: '', maxSkew: 1, whenUnsatisfiable: 'Auto'};
    // @ts-expect-error Not a member of the enum.
    const outsideEnum: Topology = {...topology, distribution: 'Random'};

    expect([topology, withoutDefault, outsideEnum]).toHaveLength(3);
  });

  it('lets a user leave out what has a default', () => {
    const written = {
      selector: {},
      topologies: [{topologyKey: 'kubernetes.io/hostname'}],
    } satisfies WrittenSpec;

    // @ts-expect-error The defaulted form has more.
    const defaulted: SpreadPolicySpec = written;
    // @ts-expect-error selector is required even of a user.
    const withoutSelector: WrittenSpec = {topologies: []};

    expect([defaulted, withoutSelector]).toHaveLength(2);
  });

  it('keeps what is neither required nor defaulted optional', () => {
    const workload = {
      kind: 'Deployment',
      name: 'web',
      replicas: 3,
      state: 'Spread',
      message: '3 replicas on 3 nodes',
      movesNeeded: 0,
    } satisfies WorkloadStatus;

    expect(workload.state).toBe('Spread');
  });
});
