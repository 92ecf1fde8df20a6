import {describe, expect, it} from '@jest/globals';
import {storedPolicy, workload} from '../../test/scenarios/workloads.ts';
import {PolicyIndex, type StoredPolicy, selects} from './policy-index.ts';

const OLD = '2026-01-01T00:00:00Z';
const NEW = '2026-01-02T00:00:00Z';

describe('PolicyIndex', () => {
  it.each<{what: string; policies: StoredPolicy[]; governing: string | undefined}>([
    {
      what: 'the oldest',
      policies: [storedPolicy({name: 'a', createdAt: NEW}), storedPolicy({name: 'b', createdAt: OLD})],
      governing: 'b',
    },
    {
      what: 'the first by name of equally old ones',
      policies: [storedPolicy({name: 'b'}), storedPolicy({name: 'a'})],
      governing: 'a',
    },
    {
      what: 'not one that selects other workloads',
      policies: [
        storedPolicy({name: 'a', createdAt: OLD, selector: {matchLabels: {app: 'db'}}}),
        storedPolicy({name: 'b', createdAt: NEW}),
      ],
      governing: 'b',
    },
    {
      what: 'not one that is being deleted',
      policies: [
        storedPolicy({name: 'a', createdAt: OLD, deleting: true}),
        storedPolicy({name: 'b', createdAt: NEW}),
      ],
      governing: 'b',
    },
    {
      what: 'not one of another namespace',
      policies: [storedPolicy({namespace: 'other'})],
      governing: undefined,
    },
  ])('has govern $what', ({policies, governing}) => {
    for (const order of [policies, policies.toReversed()]) {
      const index = new PolicyIndex();
      for (const policy of order) {
        index.set(policy);
      }

      expect(index.governing(workload())?.name).toBe(governing);
    }
  });

  it('puts a policy in the place of its older version, and forgets a deleted one', () => {
    const index = new PolicyIndex();
    index.set(storedPolicy());

    index.set(storedPolicy({generation: 2}));

    expect(index.all().map(({generation}) => generation)).toEqual([2]);
    expect(index.get('default', 'apart')?.generation).toBe(2);

    index.delete(storedPolicy());

    expect(index.all()).toEqual([]);
    expect(index.of('default')).toEqual([]);
  });
});

describe('toStoredPolicy', () => {
  it('works out what the operator cannot act on', () => {
    expect(storedPolicy({eviction: {strategy: 'Surge'}}).problems).toMatchObject([
      {field: 'spec.eviction.strategy', kind: 'Unsupported'},
    ]);
    expect(storedPolicy().problems).toEqual([]);
  });
});

describe('selects', () => {
  it('looks at the labels of the Deployment, not at those of its pods', () => {
    const web = workload({labels: {team: 'shop'}});

    expect(selects(storedPolicy({selector: {matchLabels: {team: 'shop'}}}), web)).toBe(true);
    expect(selects(storedPolicy({selector: {matchLabels: {app: 'web'}}}), web)).toBe(false);
    expect(selects(storedPolicy({selector: {}}), web)).toBe(true);
  });
});
