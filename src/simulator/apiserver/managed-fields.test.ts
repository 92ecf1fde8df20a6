import {beforeEach, describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import type {ApiServer} from './api-server.ts';
import {difference, type FieldSet, intersection, union} from './field-set.ts';
import {equals, valueAt} from './json.ts';
import {patchObject} from './patching.ts';
import {deployment, pod, testServer} from './testing/server.ts';

let api: ApiServer;

beforeEach(() => {
  ({api} = testServer());
  api.create('deployments.apps', deployment(), 'creator');
});

function apply(manager: string, template: object, force = false) {
  const patch = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name: 'web'},
    spec: {template: {spec: template}},
  };
  const resource = api.context.registry.byName('deployments.apps');
  return patchObject(api.context, resource, 'default', 'web', {type: 'apply', patch, force}, {manager})
    .object;
}

const constraint = (whenUnsatisfiable: string, topologyKey = 'zone') => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable,
  labelSelector: {},
});
const term = (topologyKey: string) => ({
  podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {}, topologyKey}]},
});
const templateOf = (object: object) => valueAt(object, 'spec', 'template', 'spec') as Record<string, unknown>;

describe('server-side apply', () => {
  it('takes back exactly what the manager no longer says', () => {
    const before = templateOf(api.get('deployments.apps', 'default', 'web') ?? {});

    const injected = templateOf(
      apply('spread-operator', {
        topologySpreadConstraints: [constraint('DoNotSchedule')],
        affinity: term('a'),
      }),
    );
    const removed = templateOf(apply('spread-operator', {}));

    expect(injected['topologySpreadConstraints']).toEqual([constraint('DoNotSchedule')]);
    expect(removed).toEqual(before);
  });

  it('lives beside the entries of others in a map list', () => {
    apply('someone', {topologySpreadConstraints: [constraint('ScheduleAnyway', 'rack')]});

    const both = templateOf(
      apply('spread-operator', {topologySpreadConstraints: [constraint('DoNotSchedule')]}),
    );
    const rest = templateOf(apply('spread-operator', {}));

    expect(both['topologySpreadConstraints']).toHaveLength(2);
    expect(rest['topologySpreadConstraints']).toEqual([constraint('ScheduleAnyway', 'rack')]);
  });

  it('names the owner of what it would change', () => {
    apply('someone', {affinity: term('a')});

    const conflicting = () => apply('spread-operator', {affinity: term('b')});

    expect(conflicting).toThrow(
      'Apply failed with 1 conflict: conflict with "someone": .spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution',
    );
  });

  it('takes a field over by force, and shares it when both say the same', () => {
    apply('someone', {affinity: term('a')});

    const shared = apply('spread-operator', {affinity: term('a')});
    const forced = apply('spread-operator', {affinity: term('b')}, true);

    expect(templateOf(shared)['affinity']).toEqual(term('a'));
    expect(templateOf(forced)['affinity']).toEqual(term('b'));
    expect(() => apply('someone', {affinity: term('a')})).toThrow(/conflict with "spread-operator"/);
  });

  it('that changes nothing is none', () => {
    const first = apply('spread-operator', {affinity: term('a')});

    const again = apply('spread-operator', {affinity: term('a')});

    expect(again).toBe(first);
  });
});

describe('a set of fields', () => {
  const paths = fc.array(fc.constantFrom('f:a', 'f:b', 'f:c'), {minLength: 1, maxLength: 4});
  const pathSet = (path: readonly string[]): FieldSet | undefined =>
    path.reduceRight<FieldSet>((below, element) => ({[element]: below}), {});
  const sets = fc.array(paths, {maxLength: 8}).map((all) => all.map(pathSet).reduce(union, undefined));

  it('is what it has in common with another and what it has alone', () => {
    fc.assert(
      fc.property(sets, sets, (left, right) => {
        const parts = union(intersection(left, right), difference(left, right));

        expect(equals(parts, left)).toBe(true);
        expect(intersection(difference(left, right), right)).toBeUndefined();
      }),
    );
  });
});

describe('ownership that nobody asks for', () => {
  it('is not tracked, and what is there stays', () => {
    const {api: server} = testServer({
      isOwnershipTracked: (resource, subresource) =>
        resource === 'deployments.apps' && subresource === undefined,
    });
    const managersOf = (object: object | undefined) =>
      ((valueAt(object, 'metadata', 'managedFields') ?? []) as {manager: string}[]).map(
        ({manager}) => manager,
      );

    server.create('deployments.apps', deployment(), 'creator');
    server.create('pods', pod('a'), 'creator');
    server.update(
      'deployments.apps',
      'default',
      'web',
      (old) => ({...old, status: {observedGeneration: 1}}),
      {actor: 'controller', subresource: 'status'},
    );

    expect(managersOf(server.get('deployments.apps', 'default', 'web'))).toEqual(['creator']);
    expect(managersOf(server.get('pods', 'default', 'a'))).toEqual([]);
  });
});
