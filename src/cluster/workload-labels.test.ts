import {expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {workload} from '../../test/scenarios/workloads.ts';
import {ClusterCache} from './cluster-cache.ts';
import {type LabelSelector, matchesSelector} from './label-selector.ts';
import type {Workload} from './workload.ts';

const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'pod-template-hash'), fc.constantFrom('a', 'b'));
const selector: fc.Arbitrary<LabelSelector> = fc.oneof(
  fc.record({matchLabels: labels}),
  fc.constant({matchExpressions: [{key: 'app', operator: 'Exists'}]} as const),
  fc.constant({}),
);
const template = fc.record({labels, terms: fc.array(selector, {maxLength: 2})});
/** Undefined deletes. */
const changes = fc.array(
  fc.tuple(fc.constantFrom('web', 'shop', 'mail'), fc.option(template, {nil: undefined})),
  {
    maxLength: 8,
  },
);

function declared(
  name: string,
  {labels: own, terms}: {labels: Record<string, string>; terms: LabelSelector[]},
) {
  const required = terms.map((labelSelector) => ({topologyKey: 'kubernetes.io/hostname', labelSelector}));
  const {template: made, ...rest} = workload({
    name,
    podSpec: {affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: required}}},
  });
  return {...rest, template: {...made, labels: own}} satisfies Workload;
}

it('leaves out no workload that a selector or a pod concerns, whatever comes, changes and goes', () => {
  fc.assert(
    fc.property(changes, selector, labels, (drawn, asked, podLabels) => {
      const cache = new ClusterCache();
      const known = new Map<string, Workload>();
      for (const [name, made] of drawn) {
        const before = known.get(name);
        if (made !== undefined) {
          const value = declared(name, made);
          known.set(name, value);
          cache.setWorkload(value);
        } else if (before !== undefined) {
          known.delete(name);
          cache.deleteWorkload(before);
        }
      }
      const all = [...known.values()];

      const meant = cache.workloadsMeantBy('default', asked);
      const avoiding = cache.workloadsAvoiding('default', podLabels);

      expect(all).toEqual(expect.arrayContaining([...meant, ...avoiding]));
      expect(meant).toEqual(
        expect.arrayContaining(
          // A rollout's controller adds the hash, so the template need not have it.
          all.filter((each) =>
            matchesSelector(asked, {
              ...each.template.labels,
              'pod-template-hash': asked.matchLabels?.['pod-template-hash'] ?? 'a',
            }),
          ),
        ),
      );
      expect(avoiding).toEqual(
        expect.arrayContaining(
          all.filter(({template: {spec}}) =>
            spec.podAntiAffinity.required.some(({labelSelector}) =>
              matchesSelector(labelSelector, podLabels),
            ),
          ),
        ),
      );
    }),
  );
});

it('asks no workload that carries none of the labels', () => {
  const cache = new ClusterCache();
  for (const name of ['web', 'shop']) {
    cache.setWorkload(workload({name}));
  }

  const names = cache.workloadsMeantBy('default', {matchLabels: {app: 'web'}}).map(({name}) => name);

  expect(names).toEqual(['web']);
  expect(cache.workloadsAvoiding('default', {app: 'web'})).toEqual([]);
});
