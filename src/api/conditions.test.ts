import {describe, expect, it} from '@jest/globals';
import {
  type ConditionUpdate,
  findCondition,
  isConditionTrue,
  removeCondition,
  setCondition,
  toTimestamp,
} from './conditions.ts';

const start = Date.UTC(2026, 0, 1, 12, 0, 0, 123);
const later = start + 60_000;

const ready = {
  type: 'Ready',
  status: 'True',
  reason: 'Spread',
  message: '2 of 2 workloads are spread',
  observedGeneration: 1,
} satisfies ConditionUpdate;

const reconciling = {
  type: 'Reconciling',
  status: 'True',
  reason: 'Moving',
  message: 'Deployment shop/web: 1 move',
  observedGeneration: 2,
} satisfies ConditionUpdate;

describe('setCondition', () => {
  it('adds a condition with the time in whole seconds', () => {
    expect(setCondition([], ready, start)).toEqual([{...ready, lastTransitionTime: '2026-01-01T12:00:00Z'}]);
  });

  it('keeps the time while the status stays, whatever else changes', () => {
    const before = setCondition([], ready, start);

    const after = setCondition(
      before,
      {...ready, reason: 'NoWorkloads', message: 'none', observedGeneration: 2},
      later,
    );

    expect(after).toEqual([
      {
        type: 'Ready',
        status: 'True',
        reason: 'NoWorkloads',
        message: 'none',
        observedGeneration: 2,
        lastTransitionTime: '2026-01-01T12:00:00Z',
      },
    ]);
  });

  it('takes the new time when the status changes', () => {
    const before = setCondition([], ready, start);

    const after = setCondition(before, {...ready, status: 'False', reason: 'Progressing'}, later);

    expect(findCondition(after, 'Ready')?.lastTransitionTime).toBe('2026-01-01T12:01:00Z');
  });

  it('has one order, whichever condition came first, and keeps those of others', () => {
    const foreign = {
      type: 'Audited',
      status: 'True',
      reason: 'Ok',
      message: '',
      lastTransitionTime: '',
    } as const;

    const conditions = setCondition(setCondition([foreign], reconciling, start), ready, start);

    expect(conditions.map(({type}) => type)).toEqual(['Ready', 'Reconciling', 'Audited']);
  });

  it('leaves its argument alone', () => {
    const before = Object.freeze(setCondition([], ready, start));

    expect(setCondition(before, reconciling, start)).toHaveLength(2);
    expect(before).toHaveLength(1);
  });
});

describe('removeCondition', () => {
  it('makes an abnormal condition vanish', () => {
    const conditions = setCondition(setCondition([], ready, start), reconciling, start);

    const after = removeCondition(conditions, 'Reconciling');

    expect(isConditionTrue(conditions, 'Reconciling')).toBe(true);
    expect(isConditionTrue(after, 'Reconciling')).toBe(false);
    expect(after.map(({type}) => type)).toEqual(['Ready']);
  });
});

describe('toTimestamp', () => {
  it('writes what metav1.Time writes', () => {
    expect(toTimestamp(0)).toBe('1970-01-01T00:00:00Z');
  });
});
