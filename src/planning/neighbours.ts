/**
 * Other pods that a workload's replicas are to be kept away from: by the required anti-affinity of the template or of
 * those pods, which the scheduler enforces for newcomers only, and by the policy's separateFrom.
 */
import {type LabelSelector, matchesSelector} from '../cluster/label-selector.ts';
import {membershipIn} from '../cluster/membership.ts';
import type {Node} from '../cluster/node.ts';
import {isTerminating, type Pod} from '../cluster/pod.ts';
import type {PodGroup} from '../cluster/pod-groups.ts';
import {compareText, type SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {PodToSchedule} from '../scheduling/framework.ts';
import {groupsThatMayMatch, matchesTermOfExisting, toOwnTerm} from '../scheduling/inter-pod-affinity.ts';

/** An entry of the policy's separateFrom, as planning reads it; the workload's own pods are never meant. */
export interface SeparationRule {
  readonly selector: LabelSelector;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway';
}

/** Domains where a replica would have a neighbour that one rule keeps it away from. */
export interface ClosedDomains {
  readonly rule: 'template' | 'neighbour' | 'policy';
  readonly hard: boolean;
  readonly topologyKey: string;
  /** One of the neighbours, by domain. */
  readonly neighbours: ReadonlyMap<string, Pod>;
}

export interface NeighbourRequest {
  readonly replicas: readonly Pod[];
  readonly replacement: PodToSchedule;
  readonly separateFrom?: readonly SeparationRule[];
  readonly snapshot: SchedulingSnapshot;
}

/**
 * Terminating neighbours are left out: they go away by themselves, and are no reason to evict anybody. (Until they are
 * gone the scheduler lets no newcomer beside them, which is a matter of room.)
 */
export function closedDomains(request: NeighbourRequest): ClosedDomains[] {
  const {replicas, replacement, separateFrom = [], snapshot} = request;
  const closed: ClosedDomains[] = [];
  const others = othersOf(replicas);
  const close = (
    rule: ClosedDomains['rule'],
    hard: boolean,
    topologyKey: string,
    groups: readonly PodGroup[],
  ): void => {
    const byDomain = domainsOf(groups.flatMap(others), topologyKey, snapshot);
    if (byDomain.size > 0) {
      closed.push({rule, hard, topologyKey, neighbours: byDomain});
    }
  };
  const terms = replacement.spec.podAntiAffinity.required.map((term) =>
    toOwnTerm(term, replacement, snapshot),
  );
  for (const term of terms) {
    const groups = [...groupsThatMayMatch([term], replacement, snapshot)].filter(term.matches);
    close('template', true, term.topologyKey, groups);
  }
  for (const group of snapshot.podGroupsThatReach(replacement, 'required anti-affinity')) {
    for (const term of group.spec.podAntiAffinity.required) {
      if (matchesTermOfExisting(term, group, replacement, snapshot)) {
        close('neighbour', true, term.topologyKey, [group]);
      }
    }
  }
  for (const {selector, topologyKey, whenUnsatisfiable} of separateFrom) {
    const groups = [...snapshot.podGroupsMeantBy(replacement.namespace, selector)].filter(({labels}) =>
      matchesSelector(selector, labels),
    );
    close('policy', whenUnsatisfiable === 'DoNotSchedule', topologyKey, groups);
  }
  return closed;
}

/** The pods of a group that are not among the replicas and stay; of each group they are looked for once. */
function othersOf(replicas: readonly Pod[]): (group: PodGroup) => readonly Pod[] {
  const known = new Map<string, readonly Pod[]>();
  return ({key, pods}) => {
    let others = known.get(key);
    if (others === undefined) {
      const isOwn = membershipIn(replicas);
      others = pods.filter((pod) => !isOwn(pod) && !isTerminating(pod));
      known.set(key, others);
    }
    return others;
  };
}

// The first by name is the one that is shown: the same whatever order the pods come in.
function domainsOf(
  pods: readonly Pod[],
  topologyKey: string,
  snapshot: SchedulingSnapshot,
): Map<string, Pod> {
  const byDomain = new Map<string, Pod>();
  for (const pod of pods) {
    const domain = snapshot.nodeInfo(pod.nodeName ?? '')?.node.labels[topologyKey];
    const known = domain === undefined ? undefined : byDomain.get(domain);
    if (domain !== undefined && (known === undefined || compareText(fullName(pod), fullName(known)) < 0)) {
      byDomain.set(domain, pod);
    }
  }
  return byDomain;
}

/** Whether a hard rule keeps replicas away from the node. */
export function isRuledOut(node: Node, closed: readonly ClosedDomains[]): boolean {
  return closed.some((domains) => domains.hard && neighbourAt(node, domains) !== undefined);
}

/** How many soft rules a replica on the node goes against. */
export function softConflicts(node: Node, closed: readonly ClosedDomains[]): number {
  let conflicts = 0;
  for (const domains of closed) {
    conflicts += !domains.hard && neighbourAt(node, domains) !== undefined ? 1 : 0;
  }
  return conflicts;
}

function neighbourAt({labels}: Node, {topologyKey, neighbours}: ClosedDomains): Pod | undefined {
  const domain = labels[topologyKey];
  return domain === undefined ? undefined : neighbours.get(domain);
}

/** `web-1 on a shares kubernetes.io/hostname a with db-0, which …`; undefined where no such rule is broken. */
export function describeConflict(
  pod: Pod,
  node: Node,
  closed: readonly ClosedDomains[],
  hardness: 'hard' | 'soft',
): string | undefined {
  for (const domains of closed) {
    const {rule, hard, topologyKey} = domains;
    const neighbour = neighbourAt(node, domains);
    if (neighbour === undefined || hard !== (hardness === 'hard')) {
      continue;
    }
    const name = neighbour.namespace === pod.namespace ? neighbour.name : fullName(neighbour);
    const because = {
      template: 'which its required anti-affinity forbids',
      neighbour: 'whose required anti-affinity forbids it',
      policy: 'from which separateFrom keeps it away',
    }[rule];
    return `${pod.name} on ${pod.nodeName ?? ''} shares ${topologyKey} ${node.labels[topologyKey] ?? ''} with ${name}, ${because}`;
  }
  return undefined;
}

function fullName({namespace, name}: Pod): string {
  return `${namespace}/${name}`;
}
