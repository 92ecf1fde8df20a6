import {describe, expect, it} from '@jest/globals';
import {storedPolicy, workloadStatus} from '../../test/scenarios/workloads.ts';
import {findCondition} from '../api/conditions.ts';
import type {BackOff, Condition, InjectionStatus, MoveInFlight, WorkloadStatus} from '../api/types.ts';
import {type PolicyFacts, policyStatus} from './policy-status.ts';

const NOW = Date.UTC(2026, 0, 2);
const INJECTED: InjectionStatus = {state: 'Injected'};

describe('policyStatus: conditions', () => {
  it.each<{
    what: string;
    facts: Partial<PolicyFacts>;
    ready: string;
    reconciling?: string;
    stalled?: string;
    injected?: string;
    spread: string;
  }>([
    {
      what: 'no workloads',
      facts: {},
      ready: 'True NoWorkloads',
      injected: 'True NoWorkloads',
      spread: 'True NoWorkloads',
    },
    {
      what: 'everything spread',
      facts: {entries: [workloadStatus('web', {injection: INJECTED})]},
      ready: 'True Spread',
      injected: 'True Injected',
      spread: 'True Spread',
    },
    {
      what: 'a replica on the move',
      facts: {entries: [workloadStatus('web', {state: 'Moving', movesNeeded: 1, injection: INJECTED})]},
      ready: 'False Progressing',
      reconciling: 'True Moving',
      spread: 'False Moving',
    },
    {
      what: 'the last replacement settling',
      facts: {entries: [workloadStatus('web', {state: 'Moving', movesNeeded: 0, injection: INJECTED})]},
      ready: 'False Progressing',
      reconciling: 'True Moving',
      spread: 'False Moving',
    },
    {
      what: 'a template being rolled out',
      facts: {entries: [workloadStatus('web', {state: 'Injecting', injection: INJECTED})]},
      ready: 'False Progressing',
      reconciling: 'True Injecting',
      spread: 'True Spread',
    },
    {
      what: 'a workload that settles before it is moved',
      facts: {entries: [workloadStatus('web', {state: 'Waiting', movesNeeded: 2, injection: INJECTED})]},
      ready: 'False Progressing',
      reconciling: 'True Waiting',
      spread: 'False MovesNeeded',
    },
    {
      what: 'a blocked workload beside one on the move',
      facts: {
        entries: [
          workloadStatus('web', blockedBy('PodDisruptionBudgetExhausted')),
          workloadStatus('api', {state: 'Moving', movesNeeded: 1}),
        ],
      },
      ready: 'False Blocked',
      reconciling: 'True Moving',
      spread: 'False Moving',
    },
    {
      what: 'a dry run',
      facts: {entries: [workloadStatus('web', {state: 'Planned', movesNeeded: 2})]},
      ready: 'True DryRun',
      spread: 'False MovesNeeded',
    },
    {
      what: 'an excluded workload only',
      facts: {entries: [workloadStatus('web', {state: 'Excluded', movesNeeded: 2})]},
      ready: 'True Spread',
      spread: 'True Spread',
    },
    {
      what: 'replicas as even as the domains allow, too many for the hard rule that is wanted',
      facts: {
        entries: [
          workloadStatus('web', {
            injection: {state: 'Pending', message: 'not injected'},
            blocked: {
              reason: 'InsufficientDomains',
              message: 'not injected',
              since: '2026-01-01T00:00:00Z',
            },
          }),
        ],
      },
      ready: 'False Blocked',
      injected: 'False Pending',
      spread: 'True Spread',
    },
    {
      what: 'a conflict about the template of a workload that is spread',
      facts: {entries: [workloadStatus('web', {injection: {state: 'Conflict', message: 'helm owns it'}})]},
      ready: 'False Blocked',
      injected: 'False InjectionConflict',
      spread: 'True Spread',
    },
    {
      what: 'a policy that is suspended',
      facts: {
        policy: storedPolicy({suspend: true}),
        entries: [workloadStatus('web', {state: 'Waiting', movesNeeded: 1})],
      },
      ready: 'False Suspended',
      injected: 'False Suspended',
      spread: 'False MovesNeeded',
    },
    {
      what: 'a policy that asks for what is not there yet',
      facts: {policy: storedPolicy({eviction: {strategy: 'Surge'}})},
      ready: 'False Unsupported',
      stalled: 'True Unsupported',
      spread: 'Unknown NoWorkloads',
    },
    {
      what: 'an older policy on the same workload',
      facts: {conflicts: [{workload: 'web', policy: 'default/older'}]},
      ready: 'False Conflict',
      stalled: 'True Conflict',
      spread: 'True NoWorkloads',
    },
    {
      what: 'a policy that is being deleted',
      facts: {policy: storedPolicy({deleting: true})},
      ready: 'True NoWorkloads',
      reconciling: 'True Deleting',
      spread: 'True NoWorkloads',
    },
    {
      what: 'an open circuit',
      facts: {
        circuitOpen: '1 of 3 nodes is not Ready: a',
        entries: [
          workloadStatus('web', {
            state: 'Waiting',
            movesNeeded: 1,
            injection: {state: 'Pending', message: 'stopped'},
          }),
        ],
      },
      ready: 'False Progressing',
      reconciling: 'True CircuitOpen',
      injected: 'False CircuitOpen',
      spread: 'False MovesNeeded',
    },
    {
      what: 'a suggestion',
      facts: {policy: storedPolicy({injection: {mode: 'Suggest'}}), entries: [workloadStatus('web')]},
      ready: 'True Spread',
      injected: 'False Suggested',
      spread: 'True Spread',
    },
    {
      what: 'no injection',
      facts: {policy: storedPolicy({injection: {mode: 'Disabled'}}), entries: [workloadStatus('web')]},
      ready: 'True Spread',
      injected: 'False Disabled',
      spread: 'True Spread',
    },
    {
      what: 'an API server without matchLabelKeys',
      facts: {
        entries: [
          workloadStatus('web', {
            injection: {...INJECTED, message: 'soft: this API server does not know matchLabelKeys'},
          }),
        ],
      },
      ready: 'True Spread',
      injected: 'True MatchLabelKeysUnsupported',
      spread: 'True Spread',
    },
  ])('$what', ({facts, ready, reconciling, stalled, injected, spread}) => {
    const conditions = conditionsOf(facts);

    expect(shown(conditions, 'Ready')).toBe(ready);
    // kstatus: what is abnormal is True, or is not there at all.
    expect(shown(conditions, 'Reconciling')).toBe(reconciling);
    expect(shown(conditions, 'Stalled')).toBe(stalled);
    expect(shown(conditions, 'Spread')).toBe(spread);
    if (injected !== undefined) {
      expect(shown(conditions, 'Injected')).toBe(injected);
    }
  });

  it('name the workload, the reason and how many more there are', () => {
    const entries = ['b', 'a', 'c'].map((name) =>
      workloadStatus(name, blockedBy('NoFeasibleNode', 'no node takes it')),
    );

    expect(findCondition(conditionsOf({entries}), 'Ready')?.message).toBe(
      'a: NoFeasibleNode: no node takes it (and 2 more)',
    );
  });

  it('name the older policy and what to do', () => {
    const conflicts = ['d', 'c', 'b', 'a'].map((workload) => ({workload, policy: 'default/older'}));

    expect(findCondition(conditionsOf({conflicts}), 'Stalled')?.message).toMatch(
      /^Deployment a, b, c and 1 more: .* default\/older, which has the say; narrow one of the selectors$/,
    );
  });

  it('keep their transition time while their status stays, and carry the generation that they speak of', () => {
    const before = policyStatus(facts({entries: [workloadStatus('web')], now: NOW}));
    const policy = storedPolicy({generation: 7, status: before});

    const later = policyStatus(
      facts({policy, entries: [workloadStatus('web', {state: 'Moving'})], now: NOW + 60_000}),
    );

    const times = Object.fromEntries(
      (later.conditions ?? []).map(({type, lastTransitionTime}) => [type, lastTransitionTime]),
    );
    expect(times).toEqual({
      Ready: '2026-01-02T00:01:00Z',
      Reconciling: '2026-01-02T00:01:00Z',
      Injected: '2026-01-02T00:00:00Z',
      Spread: '2026-01-02T00:01:00Z',
    });
    expect(later.observedGeneration).toBe(7);
    expect(later.conditions?.every(({observedGeneration}) => observedGeneration === 7)).toBe(true);
  });
});

describe('policyStatus: workloads', () => {
  it('come worst first, equal ones by name, whatever order they arrive in', () => {
    const entries = [
      workloadStatus('spread'),
      workloadStatus('excluded', {state: 'Excluded'}),
      workloadStatus('planned', {state: 'Planned', movesNeeded: 1}),
      workloadStatus('waiting', {state: 'Waiting'}),
      workloadStatus('injecting', {state: 'Injecting'}),
      workloadStatus('blocked-b', blockedBy('Pinned')),
      workloadStatus('blocked-a', blockedBy('Pinned')),
      workloadStatus('blocked-much', {...blockedBy('Pinned'), movesNeeded: 5}),
      workloadStatus('moving', {state: 'Moving'}),
    ];

    const {workloads = []} = policyStatus(facts({entries}));

    expect(workloads.map(({name}) => name)).toEqual([
      'moving',
      'blocked-much',
      'blocked-a',
      'blocked-b',
      'injecting',
      'waiting',
      'planned',
      'excluded',
      'spread',
    ]);
  });

  it('are cut at a hundred, but never one whose move or pause must survive a restart', () => {
    const many = Array.from({length: 150}, (_, index) =>
      workloadStatus(`blocked-${index}`, {...blockedBy('Pinned'), movesNeeded: 9}),
    );
    const pausing = workloadStatus('pausing', {backOff: BACK_OFF});
    const moving = workloadStatus('waiting-on-a-move', {state: 'Waiting', inFlight: [IN_FLIGHT]});

    const {workloads = [], workloadsOmitted} = policyStatus(facts({entries: [...many, pausing, moving]}));

    expect(workloads).toHaveLength(100);
    expect(workloadsOmitted).toBe(52);
    expect(workloads).toContain(pausing);
    expect(workloads).toContain(moving);
  });

  it('are summed up, those that are cut included', () => {
    const entries = [
      ...Array.from({length: 120}, (_, index) => workloadStatus(`spread-${index}`)),
      workloadStatus('blocked', blockedBy('Pinned')),
      workloadStatus('moving', {state: 'Moving', movesNeeded: 3}),
    ];

    expect(policyStatus(facts({entries})).summary).toEqual({
      workloads: 122,
      spread: 120,
      moving: 1,
      blocked: 1,
      movesNeeded: 4,
    });
  });
});

const BACK_OFF: BackOff = {failures: 1, seconds: 300, until: '2026-01-02T00:05:00Z', message: 'did not help'};
const IN_FLIGHT: MoveInFlight = {
  pod: 'web-1',
  podUID: 'uid-1',
  from: 'a',
  to: ['b'],
  startTime: '2026-01-02T00:00:00Z',
  replicas: 3,
  objectiveBefore: [6],
};

function facts(change: Partial<PolicyFacts>): PolicyFacts {
  return {policy: storedPolicy(), entries: [], conflicts: [], circuitOpen: undefined, now: NOW, ...change};
}

function conditionsOf(change: Partial<PolicyFacts>): Condition[] {
  return policyStatus(facts(change)).conditions ?? [];
}

function shown(conditions: Condition[], type: Parameters<typeof findCondition>[1]): string | undefined {
  const condition = findCondition(conditions, type);
  return condition === undefined ? undefined : `${condition.status} ${condition.reason}`;
}

function blockedBy(
  reason: NonNullable<WorkloadStatus['blocked']>['reason'],
  message = 'for a reason',
): Partial<WorkloadStatus> {
  return {
    state: 'Blocked',
    message,
    movesNeeded: 1,
    blocked: {reason, message, since: '2026-01-02T00:00:00Z'},
  };
}
