/**
 * The placement rule that a policy wants in a pod template: which terms, hard or soft, and why. Pure; may import
 * `api/` types and `cluster/`.
 */

import {FIELD_MANAGER} from '../api/names.ts';
import type {SpreadPolicySpec, Topology} from '../api/types.ts';
import {type LabelSelector, matchesSelector, POD_TEMPLATE_HASH} from '../cluster/label-selector.ts';
import type {
  PodAffinityTerm,
  PodSpec,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from '../cluster/pod-spec.ts';
import {compareText} from '../cluster/snapshot.ts';
import type {PlacementOwner, Workload} from '../cluster/workload.ts';

export type Hardness = 'DoNotSchedule' | 'ScheduleAnyway';

/** The fields of a pod template that belong to the operator. An empty list stands for "not owned". */
export interface PlacementRule {
  readonly required: readonly PodAffinityTerm[];
  readonly preferred: readonly WeightedPodAffinityTerm[];
  readonly topologySpreadConstraints: readonly TopologySpreadConstraint[];
}

export const NO_RULE: PlacementRule = {required: [], preferred: [], topologySpreadConstraints: []};

/** A preferred anti-affinity term of the highest weight (1–100): nothing else in the template outweighs it. */
const HIGHEST_WEIGHT = 100;

/** What of a rule the API server understands; older ones drop unknown fields without a word. */
export interface ServerCapabilities {
  /** matchLabelKeys of pod (anti-)affinity: on by default since Kubernetes 1.31. */
  readonly affinityMatchLabelKeys: boolean;
  /** matchLabelKeys of topology spread constraints: on by default since 1.27. */
  readonly spreadMatchLabelKeys: boolean;
}

export function capabilitiesOf({
  major,
  minor,
}: {
  readonly major: number;
  readonly minor: number;
}): ServerCapabilities {
  const atLeast = (wanted: number) => major > 1 || (major === 1 && minor >= wanted);
  return {affinityMatchLabelKeys: atLeast(31), spreadMatchLabelKeys: atLeast(27)};
}

export interface RuleRequest {
  readonly workload: Workload;
  readonly spec: Pick<SpreadPolicySpec, 'topologies' | 'separateFrom'>;
  /** Eligible nodes that carry the key, by topology key. A key that fewer than two carry is not injected. */
  readonly eligibleNodes: (topologyKey: string) => number;
  readonly capabilities: ServerCapabilities;
  /** Hard or soft for an entry that says Auto; see auto.ts. */
  readonly resolveAuto: (topologyKey: string) => Hardness;
}

export interface RuleDecision {
  readonly rule: PlacementRule;
  /** For people: entries left out or softened, and why. */
  readonly notes: readonly string[];
}

export function desiredRule(request: RuleRequest): RuleDecision {
  const {workload, spec, capabilities} = request;
  const required: PodAffinityTerm[] = [];
  const preferred: WeightedPodAffinityTerm[] = [];
  const constraints: TopologySpreadConstraint[] = [];
  const notes: string[] = [];

  const antiAffinity = (term: PodAffinityTerm, hardness: Hardness): void => {
    if (hardness === 'DoNotSchedule') {
      required.push(term);
    } else {
      preferred.push({weight: HIGHEST_WEIGHT, podAffinityTerm: term});
    }
  };

  for (const topology of spec.topologies) {
    const {topologyKey} = topology;
    if (request.eligibleNodes(topologyKey) < 2 && !ownedKeys(workload).has(topologyKey)) {
      notes.push(`no rule for ${topologyKey}: fewer than two eligible nodes carry it`);
      continue;
    }
    const hardness = hardnessOf(topology, request, notes);
    if (topology.distribution === 'Separate') {
      antiAffinity(
        {
          labelSelector: workload.selector,
          topologyKey,
          ...(capabilities.affinityMatchLabelKeys ? {matchLabelKeys: [POD_TEMPLATE_HASH]} : {}),
        },
        hardness,
      );
    } else {
      constraints.push({
        maxSkew: topology.maxSkew,
        topologyKey,
        whenUnsatisfiable: hardness,
        labelSelector: workload.selector,
        ...(capabilities.spreadMatchLabelKeys ? {matchLabelKeys: [POD_TEMPLATE_HASH]} : {}),
      });
    }
  }

  for (const {selector, topologyKey, whenUnsatisfiable, selectsOwnPods} of separationOf(workload, spec)) {
    if (selectsOwnPods) {
      notes.push(`separateFrom on ${topologyKey} is soft: it selects this workload's own pods too`);
    }
    antiAffinity({labelSelector: selector, topologyKey}, whenUnsatisfiable);
  }
  return {rule: {required, preferred, topologySpreadConstraints: constraints}, notes};
}

function hardnessOf(topology: Topology, request: RuleRequest, notes: string[]): Hardness {
  const {topologyKey, distribution, whenUnsatisfiable} = topology;
  const hardness = whenUnsatisfiable === 'Auto' ? request.resolveAuto(topologyKey) : whenUnsatisfiable;
  const {affinityMatchLabelKeys, spreadMatchLabelKeys} = request.capabilities;
  const understood = distribution === 'Separate' ? affinityMatchLabelKeys : spreadMatchLabelKeys;
  if (hardness === 'DoNotSchedule' && !understood) {
    notes.push(
      `the rule for ${topologyKey} is soft: this API server does not know matchLabelKeys, without which a rolling ` +
        'update under a hard rule deadlocks',
    );
    return 'ScheduleAnyway';
  }
  return hardness;
}

/** An entry of separateFrom as it applies to one workload. */
export interface Separation {
  readonly selector: LabelSelector;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: Hardness;
  /** The selector could not be narrowed to other pods, so the entry is soft. */
  readonly selectsOwnPods: boolean;
}

export function separationOf(
  workload: Workload,
  {separateFrom = []}: Pick<SpreadPolicySpec, 'separateFrom'>,
): Separation[] {
  return separateFrom.map(({selector, topologyKey, whenUnsatisfiable}) => {
    const others = withoutOwnPods(selector, workload);
    return {
      selector: others ?? selector,
      topologyKey,
      whenUnsatisfiable: others === undefined ? 'ScheduleAnyway' : whenUnsatisfiable,
      selectsOwnPods: others === undefined,
    };
  });
}

// A workload is often one of those that it should keep away from (all carry class: cpu-heavy). A hard term that
// selects its own pods, older revisions included, would deadlock its rolling updates; how its own replicas lie is the
// topologies' business. Undefined when the workload's selector is too rich to be excluded in one requirement.
function withoutOwnPods(selector: LabelSelector, workload: Workload): LabelSelector | undefined {
  if (!matchesSelector(selector, workload.template.labels)) {
    return selector;
  }
  const {matchLabels = {}, matchExpressions = []} = workload.selector;
  const [only, ...more] = Object.entries(matchLabels);
  if (only === undefined || more.length > 0 || matchExpressions.length > 0) {
    return undefined;
  }
  const [key, value] = only;
  return {
    ...selector,
    matchExpressions: [...(selector.matchExpressions ?? []), {key, operator: 'NotIn', values: [value]}],
  };
}

/** What of the template the operator owns now, with the values that stand there. */
export function injectedRule(workload: Workload, fieldManager: string): PlacementRule {
  const owner = workload.placementOwners.find(
    ({manager, operation}) => manager === fieldManager && operation === 'Apply',
  );
  if (owner === undefined) {
    return NO_RULE;
  }
  const {podAntiAffinity, topologySpreadConstraints} = workload.template.spec;
  return {
    required: owner.requiredPodAntiAffinity ? podAntiAffinity.required : [],
    preferred: owner.preferredPodAntiAffinity ? podAntiAffinity.preferred : [],
    topologySpreadConstraints: topologySpreadConstraints.filter((constraint) =>
      ownsConstraint(owner, constraint),
    ),
  };
}

/** The pod template as it will be with the rule in the place of the one that is injected now. */
export function templateWith(workload: Workload, rule: PlacementRule): PodSpec {
  const {spec} = workload.template;
  const {podAntiAffinity, topologySpreadConstraints} = spec;
  const current = injectedRule(workload, FIELD_MANAGER);
  // A list of anti-affinity has one owner, and is his as a whole.
  const list = <T>(theirs: readonly T[], ours: readonly T[], wanted: readonly T[]): readonly T[] =>
    wanted.length > 0 || ours.length > 0 ? wanted : theirs;
  return {
    ...spec,
    podAntiAffinity: {
      required: list(podAntiAffinity.required, current.required, rule.required),
      preferred: list(podAntiAffinity.preferred, current.preferred, rule.preferred),
    },
    topologySpreadConstraints: [
      ...topologySpreadConstraints.filter(
        (constraint) => !current.topologySpreadConstraints.includes(constraint),
      ),
      ...rule.topologySpreadConstraints,
    ],
  };
}

function ownedKeys(workload: Workload): Set<string> {
  const owned = aboutReplicas(injectedRule(workload, FIELD_MANAGER), workload);
  const {required, preferred, topologySpreadConstraints} = owned;
  return new Set([
    ...required.map((term) => term.topologyKey),
    ...preferred.map((weighted) => weighted.podAffinityTerm.topologyKey),
    ...topologySpreadConstraints.map((constraint) => constraint.topologyKey),
  ]);
}

function ownsConstraint(owner: PlacementOwner, constraint: TopologySpreadConstraint): boolean {
  return owner.topologySpreadConstraints.some(
    ({topologyKey, whenUnsatisfiable}) =>
      topologyKey === constraint.topologyKey && whenUnsatisfiable === constraint.whenUnsatisfiable,
  );
}

/** What of a rule keeps the workload's own replicas apart: the terms of separateFrom are left out. */
export function aboutReplicas(rule: PlacementRule, {selector}: Workload): PlacementRule {
  const own = canonical(selector);
  const isOwn = ({labelSelector}: PodAffinityTerm) => canonical(labelSelector) === own;
  return {
    ...rule,
    required: rule.required.filter(isOwn),
    preferred: rule.preferred.filter(({podAffinityTerm}) => isOwn(podAffinityTerm)),
  };
}

/** Hard or soft, as the rule stands for a topology key; undefined when it says nothing about the key. */
export function hardnessIn(rule: PlacementRule, topologyKey: string): Hardness | undefined {
  if (rule.required.some((term) => term.topologyKey === topologyKey)) {
    return 'DoNotSchedule';
  }
  const constraint = rule.topologySpreadConstraints.find((entry) => entry.topologyKey === topologyKey);
  if (constraint !== undefined) {
    return constraint.whenUnsatisfiable;
  }
  return rule.preferred.some(({podAffinityTerm}) => podAffinityTerm.topologyKey === topologyKey)
    ? 'ScheduleAnyway'
    : undefined;
}

/** How hard the template, whoever wrote it, keeps its own replicas apart on any of the keys; undefined when it does not. */
export function hardestRule({template}: Workload, topologyKeys: readonly string[]): Hardness | undefined {
  const {podAntiAffinity, topologySpreadConstraints} = template.spec;
  const isOwn = ({labelSelector}: {readonly labelSelector?: LabelSelector}) =>
    labelSelector !== undefined && matchesSelector(labelSelector, template.labels);
  const own: PlacementRule = {
    required: podAntiAffinity.required.filter(isOwn),
    preferred: podAntiAffinity.preferred.filter(({podAffinityTerm}) => isOwn(podAffinityTerm)),
    topologySpreadConstraints: topologySpreadConstraints.filter(isOwn),
  };
  const hardness = topologyKeys.map((key) => hardnessIn(own, key)).filter((each) => each !== undefined);
  return hardness.includes('DoNotSchedule') ? 'DoNotSchedule' : hardness[0];
}

export function isEmptyRule(rule: PlacementRule): boolean {
  return rule.required.length + rule.preferred.length + rule.topologySpreadConstraints.length === 0;
}

export function sameRule(a: PlacementRule, b: PlacementRule): boolean {
  return isSame(a, b);
}

/** One text for all spellings of a rule. */
export function ruleText(rule: PlacementRule): string {
  return canonical(rule);
}

/** A field that somebody else owns with another value, so that an apply without force would get a 409. */
export interface FieldConflict {
  readonly manager: string;
  readonly field: string;
}

export function foreseeConflicts(
  workload: Workload,
  rule: PlacementRule,
  fieldManager: string,
): FieldConflict[] {
  const {podAntiAffinity, topologySpreadConstraints} = workload.template.spec;
  const conflicts: FieldConflict[] = [];
  for (const owner of workload.placementOwners) {
    if (owner.manager === fieldManager && owner.operation === 'Apply') {
      continue;
    }
    const conflict = (field: string) => conflicts.push({manager: owner.manager, field});
    if (owner.requiredPodAntiAffinity && differs(rule.required, podAntiAffinity.required)) {
      conflict('.spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution');
    }
    if (owner.preferredPodAntiAffinity && differs(rule.preferred, podAntiAffinity.preferred)) {
      conflict(
        '.spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution',
      );
    }
    for (const constraint of rule.topologySpreadConstraints) {
      const theirs = topologySpreadConstraints.find(
        (entry) =>
          entry.topologyKey === constraint.topologyKey &&
          entry.whenUnsatisfiable === constraint.whenUnsatisfiable,
      );
      if (theirs !== undefined && ownsConstraint(owner, constraint) && !isSame(theirs, constraint)) {
        conflict(
          `.spec.template.spec.topologySpreadConstraints[topologyKey=${constraint.topologyKey},whenUnsatisfiable=${constraint.whenUnsatisfiable}]`,
        );
      }
    }
  }
  return conflicts;
}

function differs(wanted: readonly unknown[], live: readonly unknown[]): boolean {
  return wanted.length > 0 && !isSame(wanted, live);
}

/** The body of the server-side apply; an empty rule takes away exactly what was applied before. */
export function applyBody(workload: Workload, rule: PlacementRule): Record<string, unknown> {
  const {namespace, name, uid} = workload;
  const body = {apiVersion: 'apps/v1', kind: 'Deployment', metadata: {namespace, name, uid}};
  return isEmptyRule(rule) ? body : {...body, spec: templatePatch(rule)};
}

/** What a person would put into the manifest: the `spec` part of the patch. */
export function templatePatch({required, preferred, topologySpreadConstraints}: PlacementRule): object {
  const podAntiAffinity = {
    ...(required.length > 0 ? {requiredDuringSchedulingIgnoredDuringExecution: required} : {}),
    ...(preferred.length > 0 ? {preferredDuringSchedulingIgnoredDuringExecution: preferred} : {}),
  };
  return {
    template: {
      spec: {
        ...(required.length + preferred.length > 0 ? {affinity: {podAntiAffinity}} : {}),
        ...(topologySpreadConstraints.length > 0 ? {topologySpreadConstraints} : {}),
      },
    },
  };
}

// JSON with sorted keys and without what is empty, which the API server drops (omitempty): two values of the API are
// equal when their canonical texts are.
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(
          Object.entries(inner)
            .filter(([key, part]) => key === 'labelSelector' || !isEmpty(part))
            .sort(([a], [b]) => compareText(a, b)),
        )
      : inner,
  );
}

/** Whether the canonical texts of two values of the API are equal, without making them. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) {
    return true;
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((part, index) => isSame(part, b[index]))
    );
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return false;
  }
  return (
    hasAll(a, b) && Object.entries(b).every(([key, part]) => Object.hasOwn(a, key) || isLeftOut(key, part))
  );
}

function hasAll(a: object, b: object): boolean {
  return Object.entries(a).every(([key, part]: [string, unknown]) => {
    // A label may be called `constructor`.
    const other: unknown = Object.hasOwn(b, key) ? (b as Record<string, unknown>)[key] : undefined;
    return isLeftOut(key, part) ? isLeftOut(key, other) : !isLeftOut(key, other) && isSame(part, other);
  });
}

function isLeftOut(key: string, part: unknown): boolean {
  return part === undefined || (key !== 'labelSelector' && isEmpty(part));
}

// An empty label selector is not among them: it selects everything, an absent one nothing.
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
