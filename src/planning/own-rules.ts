/**
 * What the template's own hard rules say about the replicas among themselves, beside the policy's topologies. The
 * scheduler enforces such rules for newcomers only; what was broken afterwards (a node label changed, a rule came
 * later) is repaired like skew, and only while it is broken.
 */

import {matchesSelector} from '../cluster/label-selector.ts';
import type {Node} from '../cluster/node.ts';
import {isTerminating, type Pod} from '../cluster/pod.ts';
import {compareText, type SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {PodToSchedule} from '../scheduling/framework.ts';
import {toOwnTerm} from '../scheduling/inter-pod-affinity.ts';
import {
  type Constraint,
  constraintsOf,
  hasAllTopologies,
  nodeInclusion,
} from '../scheduling/spread-constraints.ts';
import type {TopologyRule} from './eligibility.ts';
import type {Level} from './levels.ts';

export interface BrokenRule {
  /** What to add to the objective; its entry is that of the hard rules. */
  readonly level: Level;
  readonly domainOf: (node: Node) => string | undefined;
  readonly message: string;
}

export interface OwnRulesRequest {
  readonly placed: readonly Pod[];
  readonly replacement: PodToSchedule;
  readonly topologies: readonly TopologyRule[];
  readonly snapshot: SchedulingSnapshot;
}

export function brokenRules(request: OwnRulesRequest): BrokenRule[] {
  return [...brokenAntiAffinity(request), ...brokenConstraints(request)];
}

function brokenAntiAffinity({placed, replacement, topologies, snapshot}: OwnRulesRequest): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const seen = new Set(topologies.map(({topologyKey}) => topologyKey));
  for (const term of replacement.spec.podAntiAffinity.required) {
    const {topologyKey} = term;
    const own = toOwnTerm(term, replacement, snapshot);
    if (seen.has(topologyKey) || !own.matches(replacement)) {
      continue;
    }
    seen.add(topologyKey);
    const domainOf = ({labels}: Node) => labels[topologyKey];
    const counts = countByDomain(placed.filter(own.matches), domainOf, snapshot);
    const [fullest] = [...counts].sort(fullestFirst);
    if (fullest !== undefined && fullest[1] > 1) {
      const message = `${fullest[1]} replicas share ${topologyKey} ${fullest[0]}, which their required anti-affinity forbids`;
      broken.push({level: {kind: 'apart', maxSkew: 1, entry: 0}, domainOf, message});
    }
  }
  return broken;
}

function brokenConstraints({placed, replacement, topologies, snapshot}: OwnRulesRequest): BrokenRule[] {
  const constraints = constraintsOf(replacement, 'DoNotSchedule');
  const includes = nodeInclusion(replacement.spec);
  return constraints.flatMap((constraint) => {
    const {topologyKey, maxSkew, selector} = constraint;
    // The policy asks for as much, and what it asks for is planned anyway.
    const isPolicy = topologies.some((rule) => rule.topologyKey === topologyKey && rule.maxSkew <= maxSkew);
    if (isPolicy || !matchesSelector(selector, replacement.labels)) {
      return [];
    }
    const domainOf = (node: Node) =>
      hasAllTopologies(node, constraints) && includes(node, constraint)
        ? node.labels[topologyKey]
        : undefined;
    const broken = brokenConstraint(constraint, domainOf, {placed, replacement, snapshot});
    return broken === undefined ? [] : [broken];
  });
}

function brokenConstraint(
  {topologyKey, maxSkew, minDomains, selector}: Constraint,
  domainOf: (node: Node) => string | undefined,
  {placed, replacement, snapshot}: Pick<OwnRulesRequest, 'placed' | 'replacement' | 'snapshot'>,
): BrokenRule | undefined {
  const replicas = countByDomain(placed, domainOf, snapshot);
  const own = new Set(placed.map(({uid}) => uid));
  const fixed = new Map<string, number>();
  for (const {node} of snapshot.nodeInfos()) {
    const domain = domainOf(node);
    if (domain !== undefined) {
      fixed.set(domain, 0);
    }
  }
  for (const group of snapshot.podGroupsMeantBy(replacement.namespace, selector ?? {})) {
    if (!matchesSelector(selector, group.labels)) {
      continue;
    }
    const others = [...group.pods].filter((pod) => !own.has(pod.uid) && !isTerminating(pod));
    for (const [domain, count] of countByDomain(others, domainOf, snapshot)) {
      fixed.set(domain, (fixed.get(domain) ?? 0) + count);
    }
  }
  const emptiestIsZero = fixed.size < minDomains;
  const all = [...fixed].map(([domain, count]): [string, number] => [
    domain,
    count + (replicas.get(domain) ?? 0),
  ]);
  const emptiest = emptiestIsZero ? 0 : Math.min(...all.map(([, count]) => count));
  const [fullest] = all.filter(([domain]) => replicas.has(domain)).sort(fullestFirst);
  if (fullest === undefined || fullest[1] - emptiest <= maxSkew) {
    return undefined;
  }
  const [domain, count] = fullest;
  return {
    level: {kind: 'skew', maxSkew, entry: 0, fixed, emptiestIsZero},
    domainOf,
    message:
      `${topologyKey} ${domain} holds ${count} pods and the emptiest domain ${emptiest}, ` +
      `which the template's topologySpreadConstraints forbid (maxSkew ${maxSkew})`,
  };
}

function countByDomain(
  pods: readonly Pod[],
  domainOf: (node: Node) => string | undefined,
  snapshot: SchedulingSnapshot,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const {nodeName} of pods) {
    const info = snapshot.nodeInfo(nodeName ?? '');
    const domain = info === undefined ? undefined : domainOf(info.node);
    if (domain !== undefined) {
      counts.set(domain, (counts.get(domain) ?? 0) + 1);
    }
  }
  return counts;
}

function fullestFirst([a, ofA]: readonly [string, number], [b, ofB]: readonly [string, number]): number {
  return ofB - ofA || compareText(a, b);
}
