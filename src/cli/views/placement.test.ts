import {describe, expect, it} from '@jest/globals';
import type {TopologyStatus} from '../../api/types.ts';
import {plain, spansOf} from '../output/text.ts';
import {compactPlacement, placementText, shortKey} from './placement.ts';

describe('cli/views/placement', () => {
  function topology(replicas: readonly number[], eligibleDomains = replicas.length): TopologyStatus {
    const domains = replicas.map((each, index) => ({name: `node-${index + 1}`, replicas: each}));
    const emptiest = eligibleDomains > replicas.length ? 0 : Math.min(...replicas);
    return {
      topologyKey: 'kubernetes.io/hostname',
      eligibleDomains,
      skew: Math.max(...replicas) - emptiest,
      domains,
    };
  }

  it('names a few domains in the order of their names', () => {
    const {domains = [], ...rest} = topology([3, 0, 12]);

    expect(plain(placementText({...rest, domains: domains.toReversed()}))).toBe(
      'node-1 ●●●   node-2 ·   node-3 12',
    );
  });

  it('groups many domains by what is in them', () => {
    expect(plain(placementText(topology([2, 1, 1], 40)))).toBe(
      '2 on node-1, 1 each on node-2, node-3, none on 37 others',
    );
  });

  it('shows the fullest few in a table', () => {
    expect(plain(compactPlacement(topology([3, 1, 0])))).toBe('●●● ● ·');
    expect(plain(compactPlacement(topology([1, 1, 1, 1, 1, 1, 1, 1, 1], 30)))).toBe('● ● ● ● ● ● ● ● +22');
  });

  it('marks only what another domain could take', () => {
    const marked = (of: TopologyStatus) =>
      spansOf(compactPlacement(of)).flatMap(({text, tone}) => (tone === 'bad' ? [text] : []));

    expect(marked(topology([3, 1, 0]))).toEqual(['●●●']);
    expect(marked(topology([2, 2, 1]))).toEqual([]);
  });

  it.each([
    ['kubernetes.io/hostname', 'hostname'],
    ['rack', 'rack'],
  ])('shortens %s', (key, expected) => {
    expect(shortKey(key)).toBe(expected);
  });
});
