import {describe, expect, it} from '@jest/globals';
import {settled} from '../../test/scenarios/workloads.ts';
import type {Pod} from '../cluster/pod.ts';
import type {MoveRecord} from './mover.ts';
import {doubtfulMoves} from './outcome.ts';

const NOW = Date.UTC(2026, 0, 1);

describe('doubtfulMoves', () => {
  const {pods} = settled({a: 2});

  it.each([
    {eviction: 'restored', secondsAgo: 11.999, isDoubtful: false},
    {eviction: 'restored', secondsAgo: 12, isDoubtful: true},
    {eviction: 'cut', secondsAgo: 11.999, isDoubtful: false},
    {eviction: 'cut', secondsAgo: 12, isDoubtful: true},
    {eviction: 'unknown', secondsAgo: 39.999, isDoubtful: false},
    {eviction: 'unknown', secondsAgo: 40, isDoubtful: true},
    {eviction: 'evicted', secondsAgo: 3600, isDoubtful: false},
  ] as const)(
    'one whose eviction is $eviction since $secondsAgo s, with the pod in the cache: $isDoubtful',
    ({eviction, secondsAgo, isDoubtful}) => {
      const move = recordOf(pods[0], {eviction, startedAt: NOW - secondsAgo * 1000});

      expect(doubtfulMoves([move], pods, NOW)).toEqual(isDoubtful ? [move] : []);
    },
  );

  it.each<{what: string; left: readonly Pod[]; change?: Partial<MoveRecord>}>([
    {what: 'whose pod is gone', left: pods.slice(1)},
    {what: 'whose pod is terminating', left: pods.map((pod) => ({...pod, deletionTimestamp: NOW}))},
    {what: 'that the API server was asked about', left: pods, change: {hasSurvived: true}},
  ])('none $what', ({left, change}) => {
    const move = recordOf(pods[0], {startedAt: NOW - 3_600_000, ...change});

    expect(doubtfulMoves([move], left, NOW)).toEqual([]);
  });
});

function recordOf(pod: Pod | undefined, change: Partial<MoveRecord>): MoveRecord {
  return {
    pod: pod?.name ?? '',
    podUID: pod?.uid ?? '',
    from: 'a',
    to: ['b'],
    startedAt: NOW,
    replicas: 2,
    objectiveBefore: [0, 3, 0],
    eviction: 'unknown',
    ...change,
  };
}
