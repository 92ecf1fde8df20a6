import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {workload} from '../../test/scenarios/workloads.ts';
import type {WorkloadStatus} from '../api/types.ts';
import type {BackOffRecord, MoveRecord} from '../eviction/mover.ts';
import {newMemory, restoreMemory, toBackOff, toMoveInFlight} from './workload-memory.ts';

const second = fc.integer({min: Date.UTC(2026, 0, 1) / 1000, max: Date.UTC(2036, 0, 1) / 1000});
const record: fc.Arbitrary<MoveRecord> = fc.record(
  {
    pod: fc.string(),
    podUID: fc.uuid(),
    from: fc.string(),
    to: fc.array(fc.string(), {maxLength: 10}),
    startedAt: second.map((seconds) => seconds * 1000),
    replicas: fc.nat(),
    objectiveBefore: fc.array(fc.nat()),
    makesRoomFor: fc.record({workload: fc.string(), objectiveBefore: fc.array(fc.nat())}),
    eviction: fc.constantFrom('planned' as const, 'evicted' as const, 'unknown' as const),
  },
  {requiredKeys: ['pod', 'podUID', 'from', 'to', 'startedAt', 'replicas', 'objectiveBefore', 'eviction']},
);
const backOff = fc.record<BackOffRecord>({
  failures: fc.integer({min: 1, max: 99}),
  seconds: fc.nat(),
  until: second.map((seconds) => seconds * 1000),
  message: fc.string(),
});

describe('restoreMemory', () => {
  it('reads back what was written of moves and pauses', () => {
    fc.assert(
      fc.property(fc.array(record), fc.option(backOff, {nil: undefined}), (inFlight, pause) => {
        const written = JSON.parse(
          JSON.stringify(
            entry({
              inFlight: inFlight.map(toMoveInFlight),
              ...(pause === undefined ? {} : {backOff: toBackOff(pause)}),
            }),
          ),
        ) as WorkloadStatus;

        const {moves, entry: kept} = restoreMemory(workload(), written);

        expect(moves.inFlight).toEqual(inFlight.map((each) => ({...each, eviction: 'restored'})));
        expect(moves.backOff).toEqual(pause);
        // And written once more, it is the same again: a restart alone changes no status.
        expect(moves.inFlight.map(toMoveInFlight)).toEqual(written.inFlight);
        expect(kept).toEqual(written);
      }),
    );
  });

  it('reads back when the template was last changed, and how often between hard and soft', () => {
    const {injection} = restoreMemory(
      workload(),
      entry({injection: {state: 'Injected', lastChangeTime: '2026-01-01T00:00:05Z', flips: 3}}),
    );

    expect(injection).toEqual({flips: 3, undone: 0, lastChange: Date.UTC(2026, 0, 1, 0, 0, 5)});
  });

  it('is new where nothing was written', () => {
    expect(restoreMemory(workload({uid: 'u'}), undefined)).toEqual(newMemory('u'));
    expect(restoreMemory(workload({uid: 'u'}), entry({})).moves).toEqual({inFlight: []});
  });

  it('keeps of the targets as many as the schema has room for', () => {
    const to = Array.from({length: 30}, (_, index) => `node-${index}`);
    const move: MoveRecord = {
      pod: 'web-1',
      podUID: 'uid',
      from: 'a',
      to,
      startedAt: 0,
      replicas: 3,
      objectiveBefore: [6],
      eviction: 'evicted',
    };

    expect(toMoveInFlight(move).to).toEqual(to.slice(0, 10));
  });
});

function entry(change: Partial<WorkloadStatus>): WorkloadStatus {
  return {
    kind: 'Deployment',
    name: 'web',
    replicas: 3,
    state: 'Moving',
    message: '',
    movesNeeded: 0,
    ...change,
  };
}
