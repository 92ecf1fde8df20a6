import {describe, expect, it} from '@jest/globals';
import {Rollouts} from './rollouts.ts';

describe('Rollouts', () => {
  it('lets one workload of a policy roll out, and wakes those who asked when it is over', () => {
    const woken: string[] = [];
    const rollouts = new Rollouts((key) => woken.push(key));
    rollouts.begin('policy', 'shop/web');

    expect(rollouts.other('policy', 'shop/api')).toBe('shop/web');
    expect(rollouts.other('policy', 'shop/web')).toBeUndefined();
    expect(rollouts.other('another policy', 'shop/db')).toBeUndefined();

    rollouts.end('shop/web');

    expect(woken).toEqual(['shop/api']);
    expect(rollouts.other('policy', 'shop/api')).toBeUndefined();
  });

  it('takes no notice of the end of a rollout that is not running', () => {
    const woken: string[] = [];
    const rollouts = new Rollouts((key) => woken.push(key));
    rollouts.begin('policy', 'shop/web');
    rollouts.other('policy', 'shop/api');

    rollouts.end('shop/db');

    expect(woken).toEqual([]);
    expect(rollouts.isRunning('shop/web')).toBe(true);
  });

  it('does not hold up the policy that a workload has left, but the one that it has come to', () => {
    const woken: string[] = [];
    const rollouts = new Rollouts((key) => woken.push(key));
    rollouts.begin('one', 'shop/web');
    rollouts.other('one', 'shop/api');

    rollouts.move('two', 'shop/web');

    expect(woken).toEqual(['shop/api']);
    expect(rollouts.other('one', 'shop/api')).toBeUndefined();
    expect(rollouts.other('two', 'shop/shelf')).toBe('shop/web');

    rollouts.move('two', 'shop/settled');

    expect(rollouts.other('two', 'shop/shelf')).toBe('shop/web');
  });
});
