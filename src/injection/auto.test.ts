import {describe, expect, it} from '@jest/globals';
import {type AutoFacts, decideAuto} from './auto.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const MINUTE = 60_000;

describe('decideAuto', () => {
  const facts = (change: Partial<AutoFacts>): AutoFacts => ({
    current: undefined,
    maxReplicas: 3,
    eligibleDomains: 3,
    pendingSince: undefined,
    wantedSince: undefined,
    lastFlip: undefined,
    now: NOW,
    ...change,
  });

  it.each<{what: string; change: Partial<AutoFacts>; hardness: string; recheckInMinutes?: number}>([
    {what: 'the first time, with a domain for each replica', change: {}, hardness: 'DoNotSchedule'},
    {
      what: 'the first time, with fewer domains than an autoscaler may ask for',
      change: {maxReplicas: 4},
      hardness: 'ScheduleAnyway',
    },
    {what: 'as it should be', change: {current: 'DoNotSchedule'}, hardness: 'DoNotSchedule'},
    {
      what: 'soft, and a node has just joined',
      change: {current: 'ScheduleAnyway'},
      hardness: 'ScheduleAnyway',
      recheckInMinutes: 10,
    },
    {
      what: 'soft, and the node has been there for almost ten minutes',
      change: {current: 'ScheduleAnyway', wantedSince: NOW - 10 * MINUTE + 1000},
      hardness: 'ScheduleAnyway',
      recheckInMinutes: 1 / 60,
    },
    {
      what: 'soft, and the node has been there for ten minutes',
      change: {current: 'ScheduleAnyway', wantedSince: NOW - 10 * MINUTE},
      hardness: 'DoNotSchedule',
    },
    {
      what: 'soft since less than an hour',
      change: {current: 'ScheduleAnyway', wantedSince: NOW - 20 * MINUTE, lastFlip: NOW - 25 * MINUTE},
      hardness: 'ScheduleAnyway',
      recheckInMinutes: 35,
    },
    {
      what: 'soft since an hour',
      change: {current: 'ScheduleAnyway', wantedSince: NOW - 20 * MINUTE, lastFlip: NOW - 60 * MINUTE},
      hardness: 'DoNotSchedule',
    },
    {
      what: 'hard, and a node is away while every replica runs: it may be rebooting',
      change: {current: 'DoNotSchedule', eligibleDomains: 2, wantedSince: NOW - 9 * MINUTE},
      hardness: 'DoNotSchedule',
      recheckInMinutes: 1,
    },
    {
      what: 'hard, and the node has been away for ten minutes',
      change: {current: 'DoNotSchedule', eligibleDomains: 2, wantedSince: NOW - 10 * MINUTE},
      hardness: 'ScheduleAnyway',
    },
    {
      what: 'hard, and a replica has just become Pending because of it',
      change: {current: 'DoNotSchedule', pendingSince: NOW - 30_000},
      hardness: 'DoNotSchedule',
      recheckInMinutes: 0.5,
    },
    {
      what: 'hard, and a replica has been Pending for a minute because of it',
      change: {current: 'DoNotSchedule', pendingSince: NOW - MINUTE},
      hardness: 'ScheduleAnyway',
    },
    {
      what: 'hard again, and a replica Pending, within an hour of the last change',
      change: {current: 'DoNotSchedule', pendingSince: NOW - 5 * MINUTE, lastFlip: NOW - 50 * MINUTE},
      hardness: 'DoNotSchedule',
      recheckInMinutes: 10,
    },
  ])('$what: $hardness', ({change, hardness, recheckInMinutes}) => {
    const decision = decideAuto(facts(change));

    expect(decision.hardness).toBe(hardness);
    expect(decision.recheckAt).toBe(
      recheckInMinutes === undefined ? undefined : NOW + recheckInMinutes * MINUTE,
    );
  });

  it('counts the time of its reason from the first look at it', () => {
    const first = decideAuto(facts({current: 'ScheduleAnyway'}));

    const later = decideAuto(facts({current: 'ScheduleAnyway', wantedSince: NOW, now: first.recheckAt ?? 0}));

    expect(later.hardness).toBe('DoNotSchedule');
  });
});
