import {describe, expect, it} from '@jest/globals';
import {workloadStatus} from '../../test/scenarios/workloads.ts';
import {FruitlessSearches} from './fruitless-searches.ts';

const POLICY = 'default/apart';
const SPREAD = workloadStatus('api', {state: 'Spread'});

describe('FruitlessSearches', () => {
  it('pauses twice as long after each, up to five minutes', () => {
    const searches = new FruitlessSearches();
    let now = 0;
    const pauses = Array.from({length: 6}, () => {
      const until = searches.add('default/web', POLICY, now);
      const pause = until - now;
      expect(searches.pausedUntil('default/web', until - 1)).toBe(until);
      expect(searches.pausedUntil('default/web', until)).toBeUndefined();
      now = until;
      return pause;
    });

    expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  it.each([
    {what: 'a workload that is seen for the first time', before: undefined, sooner: true},
    {what: 'another state', before: workloadStatus('api', {state: 'Injecting'}), sooner: true},
    {what: 'nothing new', before: workloadStatus('api', {state: 'Spread'}), sooner: false},
  ])('are made again sooner for $what: $sooner', ({before, sooner}) => {
    const searches = new FruitlessSearches();
    searches.add('default/web', POLICY, 0);

    expect(searches.noteNews(POLICY, 'default/api', before, SPREAD)).toEqual(sooner ? ['default/web'] : []);
    expect(searches.pausedUntil('default/web', 5000)).toBe(sooner ? undefined : 30_000);
  });

  it('does not count news of another policy, or of the workload itself', () => {
    const searches = new FruitlessSearches();
    searches.add('default/web', POLICY, 0);

    expect(searches.noteNews('default/other', 'default/api', undefined, SPREAD)).toEqual([]);
    expect(searches.noteNews(POLICY, 'default/web', undefined, SPREAD)).toEqual([]);
  });

  it('takes more time where many search', () => {
    const searches = new FruitlessSearches();
    for (let index = 0; index < 40; index++) {
      searches.add(`default/web-${index}`, POLICY, 0);
    }

    expect(searches.noteNews(POLICY, 'default/api', undefined, SPREAD)).toHaveLength(40);
    expect(searches.pausedUntil('default/web-7', 19_999)).toBe(20_000);
  });
});
