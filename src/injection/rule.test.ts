import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {spreadPolicy, type WorkloadOptions, workload} from '../../test/scenarios/workloads.ts';
import type {WrittenSpec} from '../api/types.ts';
import type {ApiManagedFields} from '../cluster/node.ts';
import type {Workload} from '../cluster/workload.ts';
import {
  aboutReplicas,
  applyBody,
  capabilitiesOf,
  desiredRule,
  foreseeConflicts,
  hardestRule,
  hardnessIn,
  injectedRule,
  isEmptyRule,
  NO_RULE,
  type PlacementRule,
  type RuleDecision,
  type RuleRequest,
  ruleText,
  sameRule,
  templateWith,
} from './rule.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const SELF = {matchLabels: {app: 'web'}};
const HASH = ['pod-template-hash'];
const NEWEST = capabilitiesOf({major: 1, minor: 36});

describe('desiredRule: topologies', () => {
  const term = {labelSelector: SELF, topologyKey: HOSTNAME, matchLabelKeys: HASH};
  const constraint = {maxSkew: 1, topologyKey: HOSTNAME, labelSelector: SELF, matchLabelKeys: HASH};

  it.each([
    {
      distribution: 'Separate',
      whenUnsatisfiable: 'DoNotSchedule',
      auto: 'ScheduleAnyway',
      rule: {...NO_RULE, required: [term]},
    },
    {
      distribution: 'Separate',
      whenUnsatisfiable: 'ScheduleAnyway',
      auto: 'DoNotSchedule',
      rule: {...NO_RULE, preferred: [{weight: 100, podAffinityTerm: term}]},
    },
    {
      distribution: 'Separate',
      whenUnsatisfiable: 'Auto',
      auto: 'DoNotSchedule',
      rule: {...NO_RULE, required: [term]},
    },
    {
      distribution: 'Separate',
      whenUnsatisfiable: 'Auto',
      auto: 'ScheduleAnyway',
      rule: {...NO_RULE, preferred: [{weight: 100, podAffinityTerm: term}]},
    },
    {
      distribution: 'Even',
      whenUnsatisfiable: 'DoNotSchedule',
      auto: 'ScheduleAnyway',
      rule: {...NO_RULE, topologySpreadConstraints: [{...constraint, whenUnsatisfiable: 'DoNotSchedule'}]},
    },
    {
      distribution: 'Even',
      whenUnsatisfiable: 'ScheduleAnyway',
      auto: 'DoNotSchedule',
      rule: {...NO_RULE, topologySpreadConstraints: [{...constraint, whenUnsatisfiable: 'ScheduleAnyway'}]},
    },
    {
      distribution: 'Even',
      whenUnsatisfiable: 'Auto',
      auto: 'DoNotSchedule',
      rule: {...NO_RULE, topologySpreadConstraints: [{...constraint, whenUnsatisfiable: 'DoNotSchedule'}]},
    },
  ] as const)(
    '$distribution, $whenUnsatisfiable where Auto is $auto',
    ({distribution, whenUnsatisfiable, auto, rule}) => {
      const topologies = [{topologyKey: HOSTNAME, distribution, whenUnsatisfiable}];

      const decision = desired({topologies}, {resolveAuto: () => auto});

      expect(decision).toEqual({rule, notes: []});
    },
  );

  it('keeps the order of the policy, each entry with its own kind of rule', () => {
    const {rule} = desired({
      topologies: [
        {topologyKey: ZONE, distribution: 'Even', maxSkew: 2, whenUnsatisfiable: 'ScheduleAnyway'},
        {topologyKey: HOSTNAME, distribution: 'Separate', whenUnsatisfiable: 'DoNotSchedule'},
      ],
    });

    expect(rule.topologySpreadConstraints).toMatchObject([{topologyKey: ZONE, maxSkew: 2}]);
    expect(rule.required).toMatchObject([{topologyKey: HOSTNAME}]);
  });

  it('leaves out a key that fewer than two eligible nodes carry, and says so', () => {
    const decision = desired({topologies: [{topologyKey: ZONE}]}, {eligibleNodes: () => 1});

    expect(isEmptyRule(decision.rule)).toBe(true);
    expect(decision.notes).toEqual([`no rule for ${ZONE}: fewer than two eligible nodes carry it`]);
  });

  it('leaves a rule that it injected where it is when nodes go away: that would be a rollout', () => {
    const web = injected(['requiredDuringSchedulingIgnoredDuringExecution']);

    const {rule} = desired({}, {workload: web, eligibleNodes: () => 1});

    expect(rule.required).toMatchObject([{topologyKey: HOSTNAME}]);
  });
});

describe('desiredRule: what the API server understands', () => {
  it.each([
    {minor: 26, separate: 'ScheduleAnyway', even: 'ScheduleAnyway', keys: {separate: false, even: false}},
    {minor: 27, separate: 'ScheduleAnyway', even: 'DoNotSchedule', keys: {separate: false, even: true}},
    {minor: 30, separate: 'ScheduleAnyway', even: 'DoNotSchedule', keys: {separate: false, even: true}},
    {minor: 31, separate: 'DoNotSchedule', even: 'DoNotSchedule', keys: {separate: true, even: true}},
  ])(
    '1.$minor: a hard rule becomes $separate (Separate) and $even (Even)',
    ({minor, separate, even, keys}) => {
      const capabilities = capabilitiesOf({major: 1, minor});
      const of = (distribution: 'Separate' | 'Even') =>
        desired(
          {topologies: [{topologyKey: HOSTNAME, distribution, whenUnsatisfiable: 'DoNotSchedule'}]},
          {capabilities},
        );

      expect(hardnessIn(of('Separate').rule, HOSTNAME)).toBe(separate);
      expect(hardnessIn(of('Even').rule, HOSTNAME)).toBe(even);
      expect(JSON.stringify(of('Separate').rule).includes('matchLabelKeys')).toBe(keys.separate);
      expect(JSON.stringify(of('Even').rule).includes('matchLabelKeys')).toBe(keys.even);
      expect(of('Separate').notes).toHaveLength(separate === 'ScheduleAnyway' ? 1 : 0);
    },
  );

  it('a later major version knows everything', () => {
    expect(capabilitiesOf({major: 2, minor: 0})).toEqual(NEWEST);
  });
});

describe('desiredRule: separateFrom', () => {
  const hungry = {matchLabels: {class: 'cpu-heavy'}};

  it.each(['DoNotSchedule', 'ScheduleAnyway'] as const)(
    '%s is a term of its own, without matchLabelKeys',
    (whenUnsatisfiable) => {
      const {rule} = desired({separateFrom: [{selector: hungry, topologyKey: HOSTNAME, whenUnsatisfiable}]});

      const terms =
        whenUnsatisfiable === 'DoNotSchedule'
          ? rule.required
          : rule.preferred.map(({podAffinityTerm}) => podAffinityTerm);
      expect(terms).toContainEqual({labelSelector: hungry, topologyKey: HOSTNAME});
    },
  );

  it('leaves the workload’s own pods out of a term that would select them', () => {
    const own = workload({
      spec: {template: {metadata: {labels: {app: 'web', class: 'cpu-heavy'}}, spec: {containers: []}}},
    });

    const {rule, notes} = desired(
      {separateFrom: [{selector: hungry, topologyKey: HOSTNAME, whenUnsatisfiable: 'DoNotSchedule'}]},
      {workload: own},
    );

    expect(rule.required).toContainEqual({
      labelSelector: {...hungry, matchExpressions: [{key: 'app', operator: 'NotIn', values: ['web']}]},
      topologyKey: HOSTNAME,
    });
    expect(notes).toEqual([]);
  });

  it('is soft where the own pods cannot be left out, and says so', () => {
    const own = workload({
      spec: {
        selector: {matchLabels: {app: 'web', tier: 'front'}},
        template: {
          metadata: {labels: {app: 'web', tier: 'front', class: 'cpu-heavy'}},
          spec: {containers: []},
        },
      },
    });

    const {rule, notes} = desired(
      {separateFrom: [{selector: hungry, topologyKey: HOSTNAME, whenUnsatisfiable: 'DoNotSchedule'}]},
      {workload: own},
    );

    expect(rule.required).not.toContainEqual({labelSelector: hungry, topologyKey: HOSTNAME});
    expect(rule.preferred).toContainEqual({
      weight: 100,
      podAffinityTerm: {labelSelector: hungry, topologyKey: HOSTNAME},
    });
    expect(notes).toEqual([`separateFrom on ${HOSTNAME} is soft: it selects this workload's own pods too`]);
  });
});

describe('injectedRule', () => {
  it('is what stands in the fields that the operator applied', () => {
    const web = injected(['requiredDuringSchedulingIgnoredDuringExecution']);

    expect(injectedRule(web, 'spread-operator')).toEqual({
      ...NO_RULE,
      required: web.template.spec.podAntiAffinity.required,
    });
  });

  it('is nothing where somebody else owns the same fields', () => {
    const web = injected(['requiredDuringSchedulingIgnoredDuringExecution'], {manager: 'kubectl'});

    expect(injectedRule(web, 'spread-operator')).toEqual(NO_RULE);
  });

  it('is nothing where the operator’s name stands for an update', () => {
    const web = injected(['requiredDuringSchedulingIgnoredDuringExecution'], {operation: 'Update'});

    expect(injectedRule(web, 'spread-operator')).toEqual(NO_RULE);
  });

  it('holds of the spread constraints only the operator’s own', () => {
    const ours = {topologyKey: HOSTNAME, whenUnsatisfiable: 'DoNotSchedule' as const, maxSkew: 1};
    const theirs = {topologyKey: HOSTNAME, whenUnsatisfiable: 'ScheduleAnyway' as const, maxSkew: 5};
    const key = `k:{"topologyKey":"${HOSTNAME}","whenUnsatisfiable":"DoNotSchedule"}`;
    const web = workload({
      podSpec: {topologySpreadConstraints: [theirs, ours]},
      managedFields: [managedBy({'f:topologySpreadConstraints': {[key]: {}}})],
    });

    expect(injectedRule(web, 'spread-operator').topologySpreadConstraints).toEqual([ours]);
  });
});

describe('foreseeConflicts', () => {
  const wanted = desired({topologies: [{topologyKey: HOSTNAME, whenUnsatisfiable: 'DoNotSchedule'}]}).rule;
  const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
  const field = `.spec.template.spec.affinity.podAntiAffinity.${REQUIRED}`;

  it.each([
    {
      what: 'another’s list of another value',
      web: injected([REQUIRED], {manager: 'helm'}, ZONE),
      conflicts: [{manager: 'helm', field}],
    },
    {
      what: 'another’s list of the same value',
      web: injected([REQUIRED], {manager: 'helm'}, HOSTNAME, true),
      conflicts: [],
    },
    {what: 'the operator’s own list', web: injected([REQUIRED], {}, ZONE), conflicts: []},
    {
      what: 'a list that the rule does not write',
      web: injected(['preferredDuringSchedulingIgnoredDuringExecution'], {manager: 'helm'}, ZONE),
      conflicts: [],
    },
  ])('$what: $conflicts', ({web, conflicts}) => {
    expect(foreseeConflicts(web, wanted, 'spread-operator')).toEqual(conflicts);
  });

  it.each([
    {whenUnsatisfiable: 'DoNotSchedule', conflicts: 1},
    {whenUnsatisfiable: 'ScheduleAnyway', conflicts: 0},
  ] as const)(
    'of another’s spread constraint that is $whenUnsatisfiable: $conflicts',
    ({whenUnsatisfiable, conflicts}) => {
      const even = desired({
        topologies: [{topologyKey: ZONE, distribution: 'Even', whenUnsatisfiable: 'DoNotSchedule'}],
      }).rule;
      const key = `k:{"topologyKey":"${ZONE}","whenUnsatisfiable":"${whenUnsatisfiable}"}`;
      const web = workload({
        podSpec: {topologySpreadConstraints: [{topologyKey: ZONE, whenUnsatisfiable, maxSkew: 3}]},
        managedFields: [managedBy({'f:topologySpreadConstraints': {[key]: {}}}, {manager: 'helm'})],
      });

      const foreseen = foreseeConflicts(web, even, 'spread-operator');

      expect(foreseen.map(({manager}) => manager)).toEqual(Array(conflicts).fill('helm'));
    },
  );
});

describe('sameRule', () => {
  it('does not mind the order of keys, and does mind that of terms', () => {
    const term = (topologyKey: string) => ({topologyKey, labelSelector: SELF});
    const turned = (topologyKey: string) => ({labelSelector: SELF, topologyKey});

    expect(
      sameRule({...NO_RULE, required: [term(HOSTNAME)]}, {...NO_RULE, required: [turned(HOSTNAME)]}),
    ).toBe(true);
    expect(
      sameRule(
        {...NO_RULE, required: [term(HOSTNAME), term(ZONE)]},
        {...NO_RULE, required: [term(ZONE), term(HOSTNAME)]},
      ),
    ).toBe(false);
  });

  it('says what the texts of the rules say', () => {
    const part: fc.Arbitrary<object> = fc.letrec<{part: object; value: unknown}>((tie) => ({
      part: fc.dictionary(fc.constantFrom('key', 'labelSelector', 'constructor'), tie('value'), {maxKeys: 3}),
      value: fc.oneof(
        {maxDepth: 3},
        fc.constantFrom('a', 'b', 1, true, null, undefined),
        tie('part'),
        fc.array(fc.constantFrom('a', 'b', 1), {maxLength: 2}),
        fc.array(tie('part'), {maxLength: 2}),
      ),
    })).part;
    const ruleOf = (...required: object[]) => ({...NO_RULE, required}) as unknown as PlacementRule;
    let same = 0;
    fc.assert(
      fc.property(part, part, (a, b) => {
        const isSame = ruleText(ruleOf(a)) === ruleText(ruleOf(b));
        same += isSame ? 1 : 0;
        expect(sameRule(ruleOf(a), ruleOf(b))).toBe(isSame);
      }),
      {numRuns: 5000},
    );
    expect(same).toBeGreaterThan(50);
  });
});

describe('applyBody', () => {
  it('names this very Deployment, and nothing but the rule', () => {
    const {rule} = desired({topologies: [{topologyKey: HOSTNAME, whenUnsatisfiable: 'DoNotSchedule'}]});

    expect(applyBody(workload(), rule)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {namespace: 'default', name: 'web', uid: 'deployment-default-web'},
      spec: {
        template: {
          spec: {
            affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: rule.required}},
          },
        },
      },
    });
  });

  it('applies nothing at all to take the rule out', () => {
    expect(applyBody(workload(), NO_RULE)).not.toHaveProperty('spec');
  });
});

describe('aboutReplicas', () => {
  it('leaves out neighbours, whose term may be hard where that for the own replicas is soft', () => {
    const {rule} = desired(
      {
        separateFrom: [
          {
            selector: {matchLabels: {class: 'cpu-heavy'}},
            topologyKey: HOSTNAME,
            whenUnsatisfiable: 'DoNotSchedule',
          },
        ],
      },
      {resolveAuto: () => 'ScheduleAnyway'},
    );

    expect(hardnessIn(aboutReplicas(rule, workload()), HOSTNAME)).toBe('ScheduleAnyway');
  });
});

describe('templateWith', () => {
  const [required, preferred] = [
    'requiredDuringSchedulingIgnoredDuringExecution',
    'preferredDuringSchedulingIgnoredDuringExecution',
  ];
  const own = {topologyKey: HOSTNAME, labelSelector: SELF};

  it('puts the rule in the place of the injected one and leaves what others own', () => {
    const {podAntiAffinity} = templateWith(injected([required ?? '']), {...NO_RULE, required: [own, own]});

    expect(podAntiAffinity.required).toEqual([own, own]);
    expect(podAntiAffinity.preferred).toHaveLength(1);
  });

  it('takes the injected rule out where none is wanted', () => {
    const {podAntiAffinity} = templateWith(injected([required ?? '', preferred ?? '']), NO_RULE);

    expect(podAntiAffinity).toEqual({required: [], preferred: []});
  });

  it('sets a spread constraint beside those of others', () => {
    const theirs = {
      maxSkew: 5,
      topologyKey: ZONE,
      whenUnsatisfiable: 'ScheduleAnyway' as const,
      labelSelector: SELF,
    };
    const ours = {...theirs, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' as const};
    const before = workload({podSpec: {topologySpreadConstraints: [theirs]}});

    const {topologySpreadConstraints} = templateWith(before, {...NO_RULE, topologySpreadConstraints: [ours]});

    expect(topologySpreadConstraints).toMatchObject([theirs, ours]);
  });
});

describe('hardestRule', () => {
  it('is what the template says of its own replicas, whoever wrote it', () => {
    const both = injected([]);

    expect(hardestRule(both, [ZONE, HOSTNAME])).toBe('DoNotSchedule');
    expect(hardestRule(both, [ZONE])).toBeUndefined();
    expect(hardestRule(workload(), [HOSTNAME])).toBeUndefined();
  });

  it('takes no notice of rules about other pods', () => {
    const term = {topologyKey: HOSTNAME, labelSelector: {matchLabels: {app: 'db'}}};
    const podSpec = {affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [term]}}};

    expect(hardestRule(workload({podSpec}), [HOSTNAME])).toBeUndefined();
  });
});

function desired(spec: Partial<WrittenSpec>, change: Partial<RuleRequest> = {}): RuleDecision {
  return desiredRule({
    workload: workload(),
    spec: spreadPolicy(spec).spec,
    eligibleNodes: () => 3,
    capabilities: NEWEST,
    resolveAuto: () => 'DoNotSchedule',
    ...change,
  });
}

function managedBy(podSpec: object, change: Partial<ApiManagedFields> = {}): ApiManagedFields {
  return {
    manager: 'spread-operator',
    operation: 'Apply',
    fieldsV1: {'f:spec': {'f:template': {'f:spec': podSpec}}},
    ...change,
  };
}

/** Deployment web with an anti-affinity term in each of the lists, owned as `change` says. */
function injected(
  lists: readonly string[],
  change: Partial<ApiManagedFields> = {},
  topologyKey = HOSTNAME,
  withHash = true,
): Workload {
  const term = {topologyKey, labelSelector: SELF, ...(withHash ? {matchLabelKeys: HASH} : {})};
  const podSpec: WorkloadOptions['podSpec'] = {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [term],
        preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: term}],
      },
    },
  };
  const owned = Object.fromEntries(lists.map((list) => [`f:${list}`, {}]));
  return workload({
    podSpec,
    managedFields: [managedBy({'f:affinity': {'f:podAntiAffinity': owned}}, change)],
  });
}
