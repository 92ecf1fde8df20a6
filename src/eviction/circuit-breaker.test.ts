import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {node} from '../../test/scenarios/builders.ts';
import type {Node} from '../cluster/node.ts';
import {
  type CircuitFacts,
  type CircuitState,
  DEFAULT_CIRCUIT_BREAKER,
  isUnhealthy,
  nextCircuitState,
} from './circuit-breaker.ts';

const MINUTE = 60_000;
/** An hour after the nodes were created. */
const NOW = Date.UTC(2026, 0, 1, 1);
const QUIET = DEFAULT_CIRCUIT_BREAKER.quietPeriod;

describe('nextCircuitState', () => {
  it.each<{what: string; facts: Partial<CircuitFacts>; reason: string | undefined}>([
    {what: 'all is well', facts: {nodes: nodes(3)}, reason: undefined},
    {what: 'there are no nodes', facts: {nodes: []}, reason: undefined},
    {
      what: 'one of three nodes is lost',
      facts: {nodes: nodes(3, 1)},
      reason: '1 of 3 nodes is not Ready: n0',
    },
    {
      what: 'one of ten nodes is lost',
      facts: {nodes: nodes(10, 1)},
      reason: '1 of 10 nodes is not Ready: n0',
    },
    {what: 'one of eleven nodes is lost', facts: {nodes: nodes(11, 1)}, reason: undefined},
    {
      what: 'two of eleven nodes are lost',
      facts: {nodes: nodes(11, 2)},
      reason: '2 of 11 nodes are not Ready: n0, n1',
    },
    {what: 'nine of a hundred nodes are lost', facts: {nodes: nodes(100, 9)}, reason: undefined},
    {
      what: 'ten of a hundred nodes are lost',
      facts: {nodes: nodes(100, 10)},
      reason: '10 of 100 nodes are not Ready: n0, n1, n2, n3, n4 and 5 more',
    },
    {
      what: 'one of a hundred, but a replica was moved there',
      facts: {nodes: nodes(100, 1), failedTargets: ['n0']},
      reason: 'n0 became unhealthy after a replica was moved there',
    },
    {what: 'four calls have failed', facts: {nodes: nodes(3), failedCalls: 4}, reason: undefined},
    {
      what: 'five calls have failed',
      facts: {nodes: nodes(3), failedCalls: 5},
      reason: 'calls to the API server keep failing',
    },
  ])('when $what: $reason', ({facts, reason}) => {
    expect(nextCircuitState({}, circuitFacts(facts)).open?.reason).toBe(reason);
  });

  it('stays open for the quiet period, to the millisecond', () => {
    const open = nextCircuitState({}, circuitFacts({nodes: nodes(3, 1)}));

    const almost = nextCircuitState(open, circuitFacts({nodes: nodes(3), now: NOW + QUIET - 1}));
    const after = nextCircuitState(almost, circuitFacts({nodes: nodes(3), now: NOW + QUIET}));

    expect(almost).toEqual(open);
    expect(after).toEqual({});
  });

  it('begins the quiet period anew with each trouble', () => {
    const open = nextCircuitState({}, circuitFacts({nodes: nodes(3, 1)}));

    const again = nextCircuitState(open, circuitFacts({nodes: nodes(3, 1), now: NOW + MINUTE}));

    expect(again.open?.until).toBe(NOW + MINUTE + QUIET);
  });

  it('does not close earlier because a lesser trouble came after a greater one', () => {
    const open = nextCircuitState({}, circuitFacts({nodes: nodes(3, 1)}));

    const lesser = nextCircuitState(open, circuitFacts({nodes: nodes(3), failedCalls: 9, now: NOW + 1000}));

    expect(lesser.open?.until).toBe(NOW + QUIET);
  });

  it('always closes after a quiet period, whatever came before, and never while there is trouble', () => {
    const moment = fc.record({
      after: fc.nat(5 * MINUTE),
      lost: fc.nat(3),
      failedCalls: fc.nat(9),
      target: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(moment), (moments) => {
        let now = NOW;
        let state: CircuitState = {};
        for (const {after, lost, failedCalls, target} of moments) {
          now += after;
          const failedTargets = target && lost > 0 ? ['n0'] : [];
          state = nextCircuitState(
            state,
            circuitFacts({nodes: nodes(20, lost), failedCalls, failedTargets, now}),
          );

          const trouble = lost >= 2 || failedCalls >= 5 || failedTargets.length > 0;
          expect(trouble ? state.open !== undefined : true).toBe(true);
        }

        expect(nextCircuitState(state, circuitFacts({nodes: nodes(20), now: now + QUIET}))).toEqual({});
      }),
    );
  });
});

describe('isUnhealthy', () => {
  const joined = Date.UTC(2026, 0, 1);

  it.each<{
    what: string;
    ready: Node['ready'];
    ageMinutes: number;
    changedAfterMinutes: number;
    unhealthy: boolean;
  }>([
    {what: 'Ready', ready: 'True', ageMinutes: 60, changedAfterMinutes: 1, unhealthy: false},
    {what: 'new and starting', ready: 'False', ageMinutes: 4, changedAfterMinutes: 0, unhealthy: false},
    {what: 'new and unheard of', ready: 'Unknown', ageMinutes: 4, changedAfterMinutes: 0, unhealthy: false},
    {
      what: 'new, heard of and lost',
      ready: 'Unknown',
      ageMinutes: 4,
      changedAfterMinutes: 2,
      unhealthy: true,
    },
    {what: 'old enough to be Ready', ready: 'False', ageMinutes: 6, changedAfterMinutes: 0, unhealthy: true},
    {what: 'old and lost', ready: 'Unknown', ageMinutes: 60, changedAfterMinutes: 59, unhealthy: true},
  ])('of a node that is $what: $unhealthy', ({ready, ageMinutes, changedAfterMinutes, unhealthy}) => {
    const each = {
      ...node('a', {ready}),
      createdAt: joined,
      readyChangedAt: joined + changedAfterMinutes * MINUTE,
    };

    expect(isUnhealthy(each, joined + ageMinutes * MINUTE)).toBe(unhealthy);
  });
});

function circuitFacts(change: Partial<CircuitFacts>): CircuitFacts {
  return {nodes: [], failedTargets: [], failedCalls: 0, now: NOW, ...change};
}

function nodes(count: number, lost = 0): Node[] {
  return Array.from({length: count}, (_, index) =>
    node(`n${index}`, {ready: index < lost ? 'Unknown' : 'True'}),
  );
}
