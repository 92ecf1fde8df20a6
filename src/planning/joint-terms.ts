import {type LabelSelector, matchesSelector} from '../cluster/label-selector.ts';
import type {PodSpec, TopologySpreadConstraint} from '../cluster/pod-spec.ts';
import type {Member} from './joint-model.ts';
import type {SeparationRule} from './neighbours.ts';

/**
 * Whether where one member's replicas stand can count for how well another one's do. What the scheduler merely prefers
 * does not: the objective knows nothing of it.
 */
export function judgeEachOther(members: readonly Member[]): boolean {
  return selectsAnother(
    members,
    ({podAffinity, podAntiAffinity, topologySpreadConstraints}, separateFrom) => [
      ...separateFrom.map(({selector}) => selector),
      ...[...podAffinity.required, ...podAntiAffinity.required].map(({labelSelector}) => labelSelector),
      ...hardOnes(topologySpreadConstraints).map(({labelSelector}) => labelSelector),
    ],
  );
}

/**
 * Whether a member has only more nodes to go to when the others' replicas are thought away. Not so where it has to be
 * beside them, or as unevenly spread as they are.
 */
export function boundIsKnown(members: readonly Member[]): boolean {
  return !selectsAnother(members, ({podAffinity, topologySpreadConstraints}) => [
    ...podAffinity.required.map(({labelSelector}) => labelSelector),
    ...hardOnes(topologySpreadConstraints).map(({labelSelector}) => labelSelector),
  ]);
}

function hardOnes(constraints: readonly TopologySpreadConstraint[]): TopologySpreadConstraint[] {
  return constraints.filter(({whenUnsatisfiable}) => whenUnsatisfiable === 'DoNotSchedule');
}

// Namespaces are left out of it: a term that turns out to be about others costs a little time and nothing else.
function selectsAnother(
  members: readonly Member[],
  selectorsOf: (
    spec: PodSpec,
    separateFrom: readonly SeparationRule[],
  ) => readonly (LabelSelector | undefined)[],
): boolean {
  return members.some(({key, request}) =>
    selectorsOf(request.replacement.spec, request.separateFrom ?? []).some(
      (selector) =>
        selector !== undefined &&
        members.some(
          (other) => other.key !== key && matchesSelector(selector, other.request.replacement.labels),
        ),
    ),
  );
}
