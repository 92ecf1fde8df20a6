import {readFileSync} from 'node:fs';
import {beforeEach, describe, expect, it} from '@jest/globals';
import {parse} from 'yaml';
import {withDefaults} from '../../../api/defaults.ts';
import type {WrittenSpec} from '../../../api/types.ts';
import type {ApiServer} from '../api-server.ts';
import {testServer} from '../testing/server.ts';

const POLICIES = 'spreadpolicies.spread-operator.io';
const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
const file = new URL('../../../../crds/spread-operator.io_spreadpolicies.yaml', import.meta.url);
const definition = parse(readFileSync(file, 'utf8')) as object;

let api: ApiServer;

beforeEach(() => {
  ({api} = testServer());
  api.create(DEFINITIONS, definition, 'test');
});

function create(spec: object, metadata: object = {}) {
  return api.create(POLICIES, {metadata: {name: 'web', namespace: 'default', ...metadata}, spec}, 'test');
}

describe('a CustomResourceDefinition', () => {
  it('is established at once', () => {
    const stored = api.get(DEFINITIONS, undefined, POLICIES);

    expect(stored?.['status']).toMatchObject({
      acceptedNames: {kind: 'SpreadPolicy'},
      conditions: [{type: 'NamesAccepted'}, {type: 'Established', status: 'True'}],
    });
  });

  it('takes its objects with it, at the pace of their finalizers', () => {
    create({selector: {}}, {finalizers: ['spread-operator.io/injection']});

    api.delete(DEFINITIONS, undefined, POLICIES, {actor: 'test'});
    const waiting = api.get(POLICIES, 'default', 'web');
    api.update(
      POLICIES,
      'default',
      'web',
      (object) => ({...object, metadata: {...object.metadata, finalizers: []}}),
      {actor: 'test'},
    );

    expect(waiting?.metadata.deletionTimestamp).toBeDefined();
    expect(api.get(DEFINITIONS, undefined, POLICIES)).toBeUndefined();
  });
});

describe('a custom object', () => {
  it.each<WrittenSpec>([
    {selector: {}},
    {
      selector: {matchLabels: {app: 'web'}},
      topologies: [{topologyKey: 'zone', distribution: 'Even'}],
      hotNodes: {},
    },
  ])('gets the defaults of %j', (spec) => {
    const stored = create(spec);

    const expected = withDefaults({
      apiVersion: 'spread-operator.io/v1alpha1',
      kind: 'SpreadPolicy',
      metadata: {name: 'web', namespace: 'default'},
      spec,
    }).spec;
    expect(stored['spec']).toEqual(expected);
  });

  it.each<{title: string; spec: object; message: RegExp}>([
    {title: 'no selector', spec: {}, message: /spec\.selector: Required value/},
    {
      title: 'a wrong type',
      spec: {selector: {}, suspend: 'yes'},
      message: /spec\.suspend in body must be of type boolean: "string"/,
    },
    {
      title: 'a bound',
      spec: {selector: {}, hotNodes: {highPercent: 101}},
      message: /highPercent in body should be less than or equal to 100/,
    },
    {
      title: 'a CEL rule with a field path and a reason',
      spec: {selector: {}, topologies: [{topologyKey: 'a', maxSkew: 2}]},
      message: /spec\.topologies\[0\]\.maxSkew: Forbidden: maxSkew counts only with distribution Even/,
    },
    {
      title: 'a CEL rule on the keys of a map',
      spec: {selector: {matchLabels: {'my app': 'web'}}},
      message: /spec\.selector\.matchLabels: Invalid value: each key must be a label key/,
    },
    {
      title: 'a CEL rule with a duration',
      spec: {selector: {}, eviction: {windows: [{schedule: '0 1 * * *', duration: '200h'}]}},
      message: /"200h": must be at least 1m and at most 168h/,
    },
    {
      title: 'an item twice',
      spec: {selector: {}, topologies: [{topologyKey: 'a'}, {topologyKey: 'a'}]},
      message: /spec\.topologies\[1\]: Duplicate value: \{"topologyKey":"a"\}/,
    },
    {
      title: 'an unknown field',
      spec: {selector: {}, topology: []},
      message: /unknown field "spec\.topology"/,
    },
  ])('is refused for $title', ({spec, message}) => {
    const refused = () => create(spec);

    expect(refused).toThrow(message);
  });
});
