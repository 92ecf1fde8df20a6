import {describe, expect, it} from '@jest/globals';
import {parse} from 'yaml';
import {settled, spreadPolicy, type WorkloadOptions} from '../../test/scenarios/workloads.ts';
import type {WorkloadReplicas} from '../cluster/replicas.ts';
import {decideInjection, type InjectionDecision, type InjectionFacts, NO_INJECTION_MEMORY} from './decide.ts';
import {capabilitiesOf, desiredRule, type Hardness, NO_RULE, ruleText, templatePatch} from './rule.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const PLAIN = settled({a: 2, b: 1});

describe('decideInjection', () => {
  it('writes the rule into a template that has none, and says which', () => {
    const decision = decideInjection(facts({}));

    expect(decision).toMatchObject({
      kind: 'apply',
      rule: ruleFor(PLAIN).rule,
      status: {state: 'Injected', whenUnsatisfiable: 'DoNotSchedule'},
      message:
        'injected the placement rule in the pod template: required anti-affinity on kubernetes.io/hostname',
    });
  });

  it('rests when the template is as it should be', () => {
    const replicas = withRule('DoNotSchedule');

    const decision = decideInjection(facts({replicas, memory: {flips: 2, undone: 0, lastChange: NOW}}));

    expect(decision).toEqual({
      kind: 'rest',
      status: {
        state: 'Injected',
        whenUnsatisfiable: 'DoNotSchedule',
        lastChangeTime: '2026-01-01T12:00:00Z',
        flips: 2,
      },
    });
  });

  it('takes its rule out of a paused Deployment at once, which starts no rollout', () => {
    const {workload, ...rest} = withRule('DoNotSchedule');
    const replicas = {...rest, workload: {...workload, paused: true}};

    expect(decideInjection(facts({replicas, mode: 'Disabled'})).kind).toBe('apply');
  });

  it('takes exactly its own rule out again when the mode is Disabled', () => {
    const decision = decideInjection(facts({replicas: withRule('DoNotSchedule'), mode: 'Disabled'}));

    expect(decision).toMatchObject({kind: 'apply', rule: NO_RULE, status: {state: 'Removed'}});
  });

  it('says of a rule that has to wait whether it goes in or out', () => {
    const rollingOut = 'api';
    const {status: goingIn} = decideInjection(facts({rollingOut}));
    const replicas = withRule('DoNotSchedule');
    const {status: goingOut} = decideInjection(facts({rollingOut, replicas, mode: 'Disabled'}));

    expect(goingIn.message).toMatch(/^the rule is injected after api has rolled out/);
    expect(goingOut.message).toMatch(/^the rule is taken out after api has rolled out/);
  });

  it('takes a rule out of a Recreate Deployment, too: its owner asked for that', () => {
    const replicas = withRule('DoNotSchedule', {spec: {strategy: {type: 'Recreate'}}});

    expect(decideInjection(facts({replicas, mode: 'Disabled'})).kind).toBe('apply');
  });

  it('shows with Suggest a patch that is YAML and holds exactly the rule', () => {
    const {status, kind} = decideInjection(facts({mode: 'Suggest'}));

    expect(kind).toBe('rest');
    expect(status.state).toBe('Suggested');
    expect(parse(status.patch ?? '')).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {namespace: 'default', name: 'web'},
      spec: templatePatch(ruleFor(PLAIN).rule),
    });
  });

  it.each<{what: string; change: Partial<InjectionFacts>; state: string; message: RegExp}>([
    {
      what: 'the policy is suspended',
      change: {suspended: true},
      state: 'Pending',
      message: /is suspended \(spec\.suspend\)/,
    },
    {
      what: 'somebody else owns the list',
      change: {replicas: withRule('DoNotSchedule', {}, 'helm', 'topology.kubernetes.io/zone')},
      state: 'Conflict',
      message: /Deployment default\/web has a placement rule of its own \(helm owns .*requiredDuring/,
    },
    {
      what: 'the API server refused this very generation',
      change: {
        memory: {
          ...NO_INJECTION_MEMORY,
          refused: {generation: 1, conflicts: [{manager: 'argo', field: '.x'}]},
        },
      },
      state: 'Conflict',
      message: /argo owns \.x/,
    },
    {
      what: 'the rollout would stop all replicas at once',
      change: {replicas: settled({a: 2, b: 1}, {spec: {strategy: {type: 'Recreate'}}})},
      state: 'Suggested',
      message: /strategy\.type is Recreate/,
    },
  ])('leaves the template as it is, without holding up moves, when $what', ({change, state, message}) => {
    const {kind, status} = decideInjection(facts(change));

    expect(kind).toBe('rest');
    expect(status.state).toBe(state);
    expect(status.message).toMatch(message);
  });

  it('forgets the API server’s refusal when the template has changed since', () => {
    const refused = {generation: 1, conflicts: [{manager: 'argo', field: '.x'}]};
    const replicas = settled({a: 2, b: 1}, {generation: 2});

    expect(decideInjection(facts({replicas, memory: {...NO_INJECTION_MEMORY, refused}})).kind).toBe('apply');
  });

  it('writes no hard rule that the rollout could not satisfy', () => {
    const decision = decideInjection(facts({eligibleDomains: () => 2}));

    expect(decision).toMatchObject({
      kind: 'rest',
      status: {state: 'Pending'},
      blocked: {
        reason: 'InsufficientDomains',
        message: expect.stringMatching(/3 replicas need as many eligible domains with room, there are 2/),
      },
    });
  });

  it('takes for in place what the server made of its last apply, until somebody changes the Deployment', () => {
    const applied = {text: ruleText(ruleFor(PLAIN).rule), generation: 1};
    const memory = {...NO_INJECTION_MEMORY, applied};

    expect(decideInjection(facts({memory})).kind).toBe('rest');
    expect(decideInjection(facts({memory, replicas: settled({a: 2, b: 1}, {generation: 2})})).kind).toBe(
      'apply',
    );
  });

  it('gives the patch beside a conflict, for a person to merge', () => {
    const replicas = withRule('DoNotSchedule', {}, 'helm', 'topology.kubernetes.io/zone');

    const decision = decideInjection(facts({replicas}));

    expect(decision).toMatchObject({blocked: {reason: 'InjectionConflict'}});
    expect(parse(decision.status.patch ?? '')).toMatchObject({
      spec: templatePatch(ruleFor(replicas).rule),
    });
  });
});

describe('decideInjection: waiting', () => {
  it.each<{what: string; change: Partial<InjectionFacts>; message: RegExp; reason?: string}>([
    {
      what: 'the circuit is open',
      change: {circuitOpen: '1 of 3 nodes is not Ready: a'},
      message: /stopped in the whole cluster: 1 of 3/,
      reason: 'CircuitOpen',
    },
    {what: 'a replica is on the move', change: {moving: true}, message: /when the move that has begun/},
    {
      what: 'the Deployment is paused',
      change: {replicas: settled({a: 1}, {spec: {paused: true}})},
      message: /is paused/,
      reason: 'RolloutInProgress',
    },
    {
      what: 'a rollout goes on',
      change: {replicas: settled({a: 1}, {generation: 2, status: {observedGeneration: 1}})},
      message: /has not acted on the newest spec/,
      reason: 'RolloutInProgress',
    },
    {
      what: 'a replica is missing',
      change: {replicas: {...PLAIN, pods: PLAIN.pods.slice(1)}},
      message: /2 of 3 replicas exist/,
      reason: 'NotAvailable',
    },
    {
      what: 'another workload of the policy rolls out',
      change: {rollingOut: 'api'},
      message: /after api has rolled out: one workload of a policy at a time/,
    },
  ])('waits while $what', ({change, message, reason}) => {
    const decision = decideInjection(facts(change));

    expect(decision).toMatchObject({
      kind: 'wait',
      message: expect.stringMatching(message),
      status: {state: 'Pending'},
    });
    expect(blockedReasonOf(decision)).toBe(reason);
  });

  it('softens a hard rule although a replica is missing, because that may be the cause', () => {
    const hard = withRule('DoNotSchedule');
    const replicas = {...hard, pods: hard.pods.slice(1)};

    const softer = decideInjection(facts({replicas, desired: ruleFor(hard, 'ScheduleAnyway')}));

    expect(softer).toMatchObject({kind: 'apply', status: {whenUnsatisfiable: 'ScheduleAnyway'}});
  });

  it('does not harden while a replica is missing', () => {
    const soft = withRule('ScheduleAnyway');
    const replicas = {...soft, pods: soft.pods.slice(1)};

    expect(decideInjection(facts({replicas, desired: ruleFor(soft)})).kind).toBe('wait');
  });

  it.each([
    {undone: 0, secondsAgo: 1, waits: false, pause: 0},
    {undone: 1, secondsAgo: 59, waits: true, pause: 60},
    {undone: 1, secondsAgo: 60, waits: false, pause: 60},
    {undone: 3, secondsAgo: 60, waits: true, pause: 240},
    {undone: 20, secondsAgo: 3599, waits: true, pause: 3600},
    {undone: 20, secondsAgo: 3600, waits: false, pause: 3600},
  ])(
    'after its rule was undone $undone times, $secondsAgo s ago, waits: $waits',
    ({undone, secondsAgo, waits, pause}) => {
      const lastChange = NOW - secondsAgo * 1000;

      const decision = decideInjection(facts({memory: {flips: 0, undone, lastChange}}));

      expect(decision.kind).toBe(waits ? 'wait' : 'apply');
      if (decision.kind === 'wait') {
        expect(decision.recheckAt).toBe(lastChange + pause * 1000);
      }
    },
  );
});

describe('decideInjection: room to roll out', () => {
  const noRoomFor = () => 'Insufficient cpu (a, b)';
  const careful = settled(
    {a: 2, b: 1},
    {spec: {strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}},
  );

  it('leaves the template alone where the first new replica would stay Pending, and looks again', () => {
    const decision = decideInjection(facts({replicas: careful, noRoomFor}));

    expect(decision).toMatchObject({
      kind: 'rest',
      status: {
        state: 'Pending',
        message: expect.stringMatching(/would never end: Insufficient cpu \(a, b\)$/),
      },
      blocked: {reason: 'NoFeasibleNode'},
      recheckAt: NOW + 60_000,
    });
  });

  it('asks for a replica with the rule that is about to be injected', () => {
    const asked: unknown[] = [];
    const desiredNow = ruleFor(careful);

    decideInjection(
      facts({
        replicas: careful,
        desired: desiredNow,
        noRoomFor: (rule) => {
          asked.push(rule);
          return undefined;
        },
      }),
    );

    expect(asked).toEqual([desiredNow.rule]);
  });

  it('needs none where a replica may be taken down first', () => {
    const spec = {strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}};

    expect(decideInjection(facts({replicas: settled({a: 2, b: 1}, {spec}), noRoomFor})).kind).toBe('apply');
  });

  it.each([
    {what: 'goes', change: {mode: 'Disabled'} as const},
    {what: 'is softened', change: {desired: ruleFor(PLAIN, 'ScheduleAnyway')}},
  ])('holds up no rule that $what', ({change}) => {
    expect(decideInjection(facts({replicas: withRule('DoNotSchedule'), noRoomFor, ...change})).kind).toBe(
      'apply',
    );
  });
});

function facts(change: Partial<InjectionFacts>): InjectionFacts {
  const replicas = change.replicas ?? PLAIN;
  return {
    replicas,
    mode: 'Apply',
    suspended: false,
    desired: ruleFor(replicas),
    moving: false,
    rollingOut: undefined,
    circuitOpen: undefined,
    eligibleDomains: () => 3,
    noRoomFor: () => undefined,
    memory: NO_INJECTION_MEMORY,
    now: NOW,
    ...change,
  };
}

function ruleFor({workload}: WorkloadReplicas, hardness: Hardness = 'DoNotSchedule') {
  return desiredRule({
    workload,
    spec: spreadPolicy().spec,
    eligibleNodes: () => 3,
    capabilities: capabilitiesOf({major: 1, minor: 36}),
    resolveAuto: () => hardness,
  });
}

/** At rest with the rule in the template, owned by the operator or somebody else. */
function withRule(
  hardness: Hardness,
  options: WorkloadOptions = {},
  manager = 'spread-operator',
  topologyKey = 'kubernetes.io/hostname',
): WorkloadReplicas {
  const term = {
    topologyKey,
    labelSelector: {matchLabels: {app: 'web'}},
    matchLabelKeys: ['pod-template-hash'],
  };
  const [list, value] =
    hardness === 'DoNotSchedule'
      ? (['requiredDuringSchedulingIgnoredDuringExecution', [term]] as const)
      : ([
          'preferredDuringSchedulingIgnoredDuringExecution',
          [{weight: 100, podAffinityTerm: term}],
        ] as const);
  const fields = {'f:affinity': {'f:podAntiAffinity': {[`f:${list}`]: {}}}};
  return settled(
    {a: 2, b: 1},
    {
      ...options,
      podSpec: {affinity: {podAntiAffinity: {[list]: value}}},
      managedFields: [
        {manager, operation: 'Apply', fieldsV1: {'f:spec': {'f:template': {'f:spec': fields}}}},
      ],
    },
  );
}

function blockedReasonOf(decision: InjectionDecision): string | undefined {
  return decision.kind === 'wait' ? decision.blocked?.reason : undefined;
}
