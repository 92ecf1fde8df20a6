import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {addResources, maxResources, parseResources, subtractResources} from './resources.ts';

const amounts = fc.record({
  milliCPU: fc.nat(),
  memory: fc.nat(),
  ephemeralStorage: fc.nat(),
  scalar: fc.dictionary(fc.constantFrom('nvidia.com/gpu', 'hugepages-2Mi'), fc.nat(), {
    noNullPrototype: true,
  }),
});

describe('parseResources', () => {
  it('counts as the scheduler does, and leaves the number of pods to the node', () => {
    const parsed = parseResources({
      cpu: '1500m',
      memory: '1Gi',
      'ephemeral-storage': '10k',
      pods: '110',
      'nvidia.com/gpu': '2',
      'hugepages-2Mi': '4Mi',
    });

    expect(parsed).toEqual({
      milliCPU: 1500,
      memory: 2 ** 30,
      ephemeralStorage: 10_000,
      scalar: {'nvidia.com/gpu': 2, 'hugepages-2Mi': 4 * 2 ** 20},
    });
  });

  it('is nothing where nothing is asked for', () => {
    expect(parseResources(undefined)).toEqual({milliCPU: 0, memory: 0, ephemeralStorage: 0, scalar: {}});
  });
});

describe('resources', () => {
  it('are what they were after something is added and taken away again', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        const back = subtractResources(addResources(a, b), b);

        expect(back).toMatchObject(a);
        expect(Object.values({...back.scalar, ...a.scalar}).reduce((x, y) => x + y, 0)).toBe(
          Object.values(a.scalar).reduce((x, y) => x + y, 0),
        );
      }),
    );
  });

  it('have a maximum that covers both, name by name', () => {
    const a = parseResources({cpu: '2', memory: '1Gi', 'example.com/a': 3});
    const b = parseResources({cpu: '1', memory: '2Gi', 'example.com/b': 1});

    expect(maxResources(a, b)).toEqual(
      parseResources({cpu: '2', memory: '2Gi', 'example.com/a': 3, 'example.com/b': 1}),
    );
  });
});
