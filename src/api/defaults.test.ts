import {describe, expect, it} from '@jest/globals';
import {applyDefaults, withDefaults} from './defaults.ts';
import type {WrittenSpec, WrittenSpreadPolicy} from './types.ts';

function policy(spec: WrittenSpec): WrittenSpreadPolicy {
  return {apiVersion: 'spread-operator.io/v1alpha1', kind: 'SpreadPolicy', metadata: {name: 'web'}, spec};
}

describe('withDefaults', () => {
  it('turns the shortest policy into the one that the design promises', () => {
    const {spec} = withDefaults(policy({selector: {}}));

    expect(spec).toEqual({
      selector: {},
      topologies: [
        {
          topologyKey: 'kubernetes.io/hostname',
          distribution: 'Separate',
          maxSkew: 1,
          whenUnsatisfiable: 'Auto',
        },
      ],
      injection: {mode: 'Apply'},
      eviction: {
        mode: 'Evict',
        maxConcurrentMoves: 1,
        minReplicas: 2,
        settleSeconds: 30,
        moveTimeoutSeconds: 600,
        strategy: 'Evict',
      },
      scaleDown: 'Default',
      suspend: false,
    });
  });

  it('keeps what is written and fills in the rest beside it', () => {
    const {spec} = withDefaults(
      policy({
        selector: {},
        topologies: [{topologyKey: 'topology.kubernetes.io/zone', distribution: 'Even', maxSkew: 2}],
        eviction: {minReplicas: 5},
        hotNodes: {},
        separateFrom: [{selector: {matchLabels: {class: 'cpu-heavy'}}}],
      }),
    );

    expect(spec.topologies).toEqual([
      {
        topologyKey: 'topology.kubernetes.io/zone',
        distribution: 'Even',
        maxSkew: 2,
        whenUnsatisfiable: 'Auto',
      },
    ]);
    expect(spec.eviction).toMatchObject({mode: 'Evict', minReplicas: 5});
    expect(spec.hotNodes).toEqual({mode: 'Observe', highPercent: 85, lowPercent: 70, sustainedSeconds: 180});
    expect(spec.separateFrom?.[0]).toMatchObject({
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
    });
  });

  it('does not change its argument, and changes nothing the second time', () => {
    const written = policy({selector: {}, hotNodes: {}});
    const before = structuredClone(written);

    const once = withDefaults(written);
    const twice = withDefaults(once);

    expect(written).toEqual(before);
    expect(twice).toEqual(once);
  });

  it.each([
    {written: undefined, namespace: 'default'},
    {written: 'shop', namespace: 'shop'},
  ])('places a manifest with namespace $written in $namespace', ({written, namespace}) => {
    const manifest = policy({selector: {}});
    if (written !== undefined) {
      manifest.metadata.namespace = written;
    }

    expect(withDefaults(manifest).metadata.namespace).toBe(namespace);
  });
});

describe('applyDefaults', () => {
  const schema = {
    type: 'object',
    properties: {
      size: {type: 'integer', default: 1},
      nested: {type: 'object', default: {}, properties: {on: {type: 'boolean', default: true}}},
      plain: {type: 'string'},
    },
  } as const;

  it.each([
    {title: 'an empty object', value: {}, expected: {size: 1, nested: {on: true}}},
    {title: 'an explicit null', value: {size: null}, expected: {size: 1, nested: {on: true}}},
    {
      title: 'an explicit zero or false',
      value: {size: 0, nested: {on: false}},
      expected: {size: 0, nested: {on: false}},
    },
    {title: 'unknown fields', value: {other: 1}, expected: {other: 1, size: 1, nested: {on: true}}},
    {title: 'another shape than the schema', value: 'text', expected: 'text'},
  ])('handles $title', ({value, expected}) => {
    expect(applyDefaults(value, schema)).toEqual(expected);
  });
});
