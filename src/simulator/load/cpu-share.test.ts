import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {type PodCpu, shareByWeight, shareNodeCpu} from './cpu-share.ts';

const consumer = fc.record({weight: fc.integer({min: 2, max: 10_000}), wants: fc.nat(8_000)});
const pod: fc.Arbitrary<PodCpu> = fc
  .record({
    qosClass: fc.constantFrom('Guaranteed' as const, 'Burstable' as const, 'BestEffort' as const),
    request: fc.integer({min: 1, max: 4_000}),
    wants: fc.nat(8_000),
  })
  .map((each) => (each.qosClass === 'BestEffort' ? {...each, request: 0} : each));

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('shareByWeight', () => {
  it('gives everyone what they want while there is enough', () => {
    const shares = shareByWeight(4_000, [
      {weight: 1, wants: 3_000},
      {weight: 100, wants: 500},
    ]);

    expect(shares).toEqual([3_000, 500]);
  });

  it('shares by weight when there is not, and passes on what a modest one leaves', () => {
    const shares = shareByWeight(4_000, [
      {weight: 1, wants: 9_000},
      {weight: 1, wants: 1_000},
      {weight: 2, wants: 9_000},
    ]);

    expect(shares).toEqual([1_000, 1_000, 2_000]);
  });

  it('never gives more than there is or than is wanted, and wastes nothing', () => {
    fc.assert(
      fc.property(fc.nat(16_000), fc.array(consumer), (capacity, consumers) => {
        const shares = shareByWeight(capacity, consumers);

        const wanted = sum(consumers.map(({wants}) => wants));
        expect(sum(shares)).toBeCloseTo(Math.min(capacity, wanted), 6);
        for (const [index, share] of shares.entries()) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual((consumers[index]?.wants ?? 0) + 1e-9);
        }
      }),
    );
  });

  it('lets nobody who is short get less by weight than another one gets', () => {
    fc.assert(
      fc.property(fc.nat(16_000), fc.array(consumer), (capacity, consumers) => {
        const shares = shareByWeight(capacity, consumers);

        const rates = consumers.map(({weight}, index) => (shares[index] ?? 0) / weight);
        const highest = Math.max(0, ...rates);
        for (const [index, {wants}] of consumers.entries()) {
          if ((shares[index] ?? 0) < wants - 1e-6) {
            expect(rates[index]).toBeGreaterThanOrEqual(highest - 1e-6);
          }
        }
      }),
    );
  });
});

describe('shareNodeCpu', () => {
  it('never gives more than the node has', () => {
    fc.assert(
      fc.property(fc.nat(16_000), fc.array(pod), (capacity, pods) => {
        const shares = shareNodeCpu(capacity, pods);

        expect(sum(shares)).toBeCloseTo(Math.min(capacity, sum(pods.map(({wants}) => wants))), 5);
      }),
    );
  });

  it('gives every pod that wants it its request, whoever else is there', () => {
    fc.assert(
      fc.property(fc.array(pod), (pods) => {
        const requested = sum(pods.map(({request}) => request));

        const shares = shareNodeCpu(requested, pods);

        for (const [index, {request, wants, qosClass}] of pods.entries()) {
          // Within what the small weight of best-effort pods and the rounding of shares take.
          const due = qosClass === 'BestEffort' ? 0 : Math.min(request, wants) * 0.95 - 3 * pods.length - 10;
          expect(shares[index]).toBeGreaterThanOrEqual(Math.min(due, request));
        }
      }),
    );
  });

  it('leaves best-effort pods next to nothing on a busy node', () => {
    const [guaranteed = 0, burstable = 0, bestEffort = 0] = shareNodeCpu(1_000, [
      {qosClass: 'Guaranteed', request: 500, wants: 5_000},
      {qosClass: 'Burstable', request: 500, wants: 5_000},
      {qosClass: 'BestEffort', request: 0, wants: 5_000},
    ]);

    expect(Math.round(guaranteed)).toBe(499);
    expect(Math.round(burstable)).toBe(499);
    expect(Math.round(bestEffort)).toBe(2);
  });
});
