import {describe, expect, it} from '@jest/globals';
import {withDefaults} from './defaults.ts';
import type {SpreadPolicy, WrittenSpec} from './types.ts';
import {describeProblems, validatePolicy} from './validate.ts';

const hostname = 'kubernetes.io/hostname';
const window = {schedule: '0 1 * * *', duration: '4h'};

function policy(spec: Partial<WrittenSpec>): SpreadPolicy {
  return withDefaults({
    apiVersion: 'spread-operator.io/v1alpha1',
    kind: 'SpreadPolicy',
    metadata: {name: 'web', namespace: 'shop'},
    spec: {selector: {matchLabels: {app: 'web'}}, ...spec},
  });
}

describe('validatePolicy', () => {
  it.each<{title: string; spec: Partial<WrittenSpec>}>([
    {title: 'the shortest policy', spec: {}},
    {title: 'a selector for everything', spec: {selector: {}}},
    {
      title: 'every operator',
      spec: {
        selector: {
          matchExpressions: [
            {key: 'app', operator: 'In', values: ['web', '']},
            {key: 'app.kubernetes.io/part-of', operator: 'NotIn', values: ['A_b.c-d']},
            {key: 'x', operator: 'Exists'},
            {key: 'y', operator: 'DoesNotExist', values: []},
          ],
        },
      },
    },
    {
      title: 'two topologies and a neighbour',
      spec: {
        topologies: [
          {topologyKey: 'topology.kubernetes.io/zone', distribution: 'Even', maxSkew: 2},
          {topologyKey: hostname},
        ],
        separateFrom: [{selector: {matchLabels: {class: 'cpu-heavy'}}}],
      },
    },
    {title: 'hot nodes switched off', spec: {hotNodes: {mode: 'Disabled'}}},
    {
      title: 'DryRun, Suggest and suspend',
      spec: {eviction: {mode: 'DryRun'}, injection: {mode: 'Suggest'}, suspend: true},
    },
  ])('accepts $title', ({spec}) => {
    expect(validatePolicy(policy(spec))).toEqual([]);
  });

  it.each<{field: string; spec: Partial<WrittenSpec>}>([
    {field: 'spec.eviction.strategy', spec: {eviction: {strategy: 'Surge'}}},
    {field: 'spec.eviction.windows', spec: {eviction: {windows: [window]}}},
    {field: 'spec.hotNodes.mode', spec: {hotNodes: {mode: 'Evict'}}},
    {field: 'spec.hotNodes.mode', spec: {hotNodes: {}}},
    {field: 'spec.scaleDown', spec: {scaleDown: 'PreferSpread'}},
  ])('says that $field is not supported yet, and what to do', ({field, spec}) => {
    const problems = validatePolicy(policy(spec));

    expect(problems).toEqual([
      {field, kind: 'Unsupported', message: expect.stringMatching(/not supported yet; .*(leave|use)/)},
    ]);
  });

  it.each<{field: string; message: RegExp; spec: Partial<WrittenSpec>}>([
    {
      field: 'spec.selector.matchLabels',
      message: /^must be a label key: .*; got "my app"$/,
      spec: {selector: {matchLabels: {'my app': 'web'}}},
    },
    {
      field: 'spec.selector.matchLabels[app]',
      message: /^must be a label value: .*; got "-web"$/,
      spec: {selector: {matchLabels: {app: '-web'}}},
    },
    {
      field: 'spec.selector.matchExpressions[0].key',
      message: /^must be a label key/,
      spec: {selector: {matchExpressions: [{key: 'a/b/c', operator: 'Exists'}]}},
    },
    {
      field: 'spec.selector.matchExpressions[0].values[1]',
      message: /^must be a label value/,
      spec: {selector: {matchExpressions: [{key: 'a', operator: 'In', values: ['b', 'c d']}]}},
    },
    {
      field: 'spec.selector.matchExpressions[0].values',
      message: /^In needs at least one value/,
      spec: {selector: {matchExpressions: [{key: 'a', operator: 'In'}]}},
    },
    {
      field: 'spec.selector.matchExpressions[0].values',
      message: /^Exists takes no values/,
      spec: {selector: {matchExpressions: [{key: 'a', operator: 'Exists', values: ['b']}]}},
    },
    {
      field: 'spec.selector.matchExpressions[0].operator',
      message: /not "Equals"$/,
      spec: {selector: {matchExpressions: [{key: 'a', operator: 'Equals' as 'In', values: ['b']}]}},
    },
    {
      field: 'spec.topologies[0].topologyKey',
      message: /^must be a label key/,
      spec: {topologies: [{topologyKey: '-host'}]},
    },
    {
      field: 'spec.topologies[1].topologyKey',
      message: /twice/,
      spec: {topologies: [{topologyKey: hostname}, {topologyKey: hostname}]},
    },
    {
      field: 'spec.topologies[0].maxSkew',
      message: /only with distribution Even/,
      spec: {topologies: [{topologyKey: hostname, maxSkew: 3}]},
    },
    {
      field: 'spec.separateFrom[0].selector',
      message: /^must not be empty/,
      spec: {separateFrom: [{selector: {}}]},
    },
    {
      field: 'spec.separateFrom[0].topologyKey',
      message: /^must be a label key/,
      spec: {separateFrom: [{selector: {matchLabels: {a: 'b'}}, topologyKey: 'a b'}]},
    },
    {
      field: 'spec.eviction.windows[0].schedule',
      message: /^must be five cron fields .*"0 1 \* \* \*"/,
      spec: {eviction: {windows: [{...window, schedule: 'daily'}]}},
    },
    {
      field: 'spec.eviction.windows[0].duration',
      message: /^must be hours and minutes/,
      spec: {eviction: {windows: [{...window, duration: '4 hours'}]}},
    },
    {
      field: 'spec.eviction.windows[0].timeZone',
      message: /^must be a name of the IANA time zone database.*"Europe\/Atlantis"$/,
      spec: {eviction: {windows: [{...window, timeZone: 'Europe/Atlantis'}]}},
    },
    {
      field: 'spec.hotNodes.lowPercent',
      message: /^must be less than highPercent; got 90 and 85$/,
      spec: {hotNodes: {mode: 'Disabled', lowPercent: 90}},
    },
  ])('refuses a mistake in $field: $message', ({field, message, spec}) => {
    const problems = validatePolicy(policy(spec)).filter(({kind}) => kind === 'Invalid');

    expect(problems).toEqual([{field, kind: 'Invalid', message: expect.stringMatching(message)}]);
  });

  it('reports every problem, in the order of the spec', () => {
    const problems = validatePolicy(
      policy({
        selector: {matchLabels: {'a b': 'c'}},
        eviction: {strategy: 'Surge'},
        scaleDown: 'PreferSpread',
      }),
    );

    expect(problems.map(({field}) => field)).toEqual([
      'spec.selector.matchLabels',
      'spec.eviction.strategy',
      'spec.scaleDown',
    ]);
  });
});

describe('describeProblems', () => {
  it('is one line that names each field', () => {
    const problems = validatePolicy(policy({eviction: {strategy: 'Surge'}, scaleDown: 'PreferSpread'}));

    expect(describeProblems(problems)).toBe(
      'spec.eviction.strategy: Surge is not supported yet; leave it out or use Evict. ' +
        'spec.scaleDown: PreferSpread is not supported yet; leave it out or use Default',
    );
  });
});
