import type {Labels} from '../cluster/label-selector.ts';
import type {Node} from '../cluster/node.ts';
import type {NodeSelectorRequirement, NodeSelectorTerm, PodSpec} from '../cluster/pod-spec.ts';
import {
  type FilterPlugin,
  intersectionOf,
  type LocalScorePlugin,
  type NodeFilter,
  normaliseByHighest,
} from './framework.ts';
import {sweepByNode} from './node-mask.ts';

/** Refuses nodes that the pod's nodeSelector or required node affinity rules out. */
export const nodeAffinity: FilterPlugin = {
  name: 'NodeAffinity',

  prefilter(pod, snapshot) {
    const matches = requiredNodeAffinity(pod.spec);
    if (matches === undefined) {
      return undefined;
    }
    const filter: NodeFilter = ({node}) =>
      matches(node)
        ? undefined
        : {
            plugin: 'NodeAffinity',
            node: node.name,
            reasons: ["node(s) didn't match Pod's node affinity/selector"],
            resolvable: false,
          };
    const candidates = namedNodes(pod.spec.nodeAffinity.required ?? []);
    if (candidates === undefined) {
      const {nodeSelector, nodeAffinity} = pod.spec;
      const asked = [nodeSelector, nodeAffinity.required];
      return {filter, sweep: sweepByNode(snapshot, {plugin: 'NodeAffinity', asked}, matches)};
    }
    if (candidates.size === 0) {
      return {plugin: 'NodeAffinity', reasons: ['pod affinity terms conflict'], resolvable: false};
    }
    return {candidates, filter};
  },
};

/** Prefers nodes by the summed weights of the preferred terms that they match. */
export const nodeAffinityScore: LocalScorePlugin = {
  name: 'NodeAffinity',
  weight: 2,
  isLocal: true,

  prescore(pod) {
    const terms = pod.spec.nodeAffinity.preferred.flatMap(({weight, preference}) => {
      const matches = termMatcher(preference);
      return matches === undefined ? [] : [{weight, matches}];
    });
    if (terms.length === 0) {
      return undefined;
    }
    return {
      score: ({node}) => terms.reduce((sum, {weight, matches}) => sum + (matches(node) ? weight : 0), 0),
      normalise: (scores) => normaliseByHighest(scores, 'more is better'),
    };
  },
};

export type NodeMatcher = (node: Node) => boolean;

/**
 * What nodeSelector and required node affinity ask of a node; undefined when they ask nothing.
 * Source: k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go.
 */
export function requiredNodeAffinity(spec: PodSpec): NodeMatcher | undefined {
  const selector = Object.entries(spec.nodeSelector);
  const {required} = spec.nodeAffinity;
  if (selector.length === 0 && required === undefined) {
    return undefined;
  }
  const terms = required?.map(termMatcher).filter((matches): matches is NodeMatcher => matches !== undefined);
  return (node) =>
    selector.every(([key, value]) => node.labels[key] === value) &&
    (terms === undefined || terms.some((matches) => matches(node)));
}

/**
 * Whether a node meets one of the terms, as a PersistentVolume asks for it: by labels alone. (Upstream leaves out the
 * fields where it has none to compare; see CheckNodeAffinity in k8s.io/component-helpers/storage/volume/helpers.go.)
 */
export function matchesByLabels(terms: readonly NodeSelectorTerm[]): NodeMatcher {
  const matchers = terms.flatMap(({matchExpressions = [], matchFields = []}) => {
    const parses = matchFields.every((requirement) => fieldMatcher(requirement) !== undefined);
    if (!parses || matchExpressions.length === 0) {
      return parses && matchFields.length > 0 ? [() => true] : [];
    }
    return termMatcher({matchExpressions}) ?? [];
  });
  return (node) => matchers.some((matches) => matches(node));
}

/**
 * The nodes that every term binds the pod to by metadata.name; undefined when some term leaves the name open. Empty
 * when the names contradict each other within each term.
 */
function namedNodes(terms: readonly NodeSelectorTerm[]): Set<string> | undefined {
  if (terms.length === 0) {
    return undefined;
  }
  const names = new Set<string>();
  for (const term of terms) {
    let namesOfTerm: Set<string> | undefined;
    for (const requirement of term.matchFields ?? []) {
      if (requirement.key === 'metadata.name' && requirement.operator === 'In') {
        const values = new Set(requirement.values);
        namesOfTerm = namesOfTerm === undefined ? values : intersectionOf(namesOfTerm, values);
      }
    }
    if (namesOfTerm === undefined) {
      return undefined;
    }
    for (const name of namesOfTerm) {
      names.add(name);
    }
  }
  return names;
}

/** Undefined for a term that matches no node: an empty one, or one that does not parse. */
function termMatcher(term: NodeSelectorTerm): NodeMatcher | undefined {
  const expressions = (term.matchExpressions ?? []).map(labelMatcher);
  const fields = (term.matchFields ?? []).map(fieldMatcher);
  if (
    expressions.length + fields.length === 0 ||
    expressions.includes(undefined) ||
    fields.includes(undefined)
  ) {
    return undefined;
  }
  return (node) =>
    expressions.every((matches) => matches?.(node.labels)) && fields.every((matches) => matches?.(node));
}

/** Undefined when the requirement is invalid (apimachinery/pkg/labels/selector.go, NewRequirement). */
function labelMatcher(requirement: NodeSelectorRequirement): ((labels: Labels) => boolean) | undefined {
  const {key, operator, values = []} = requirement;
  const valid = values.every(isLabelValue);
  switch (operator) {
    case 'In':
      return valid && values.length > 0
        ? (labels) => labels[key] !== undefined && values.includes(labels[key])
        : undefined;
    case 'NotIn':
      return valid && values.length > 0
        ? (labels) => labels[key] === undefined || !values.includes(labels[key])
        : undefined;
    case 'Exists':
      return values.length === 0 ? (labels) => labels[key] !== undefined : undefined;
    case 'DoesNotExist':
      return values.length === 0 ? (labels) => labels[key] === undefined : undefined;
    case 'Gt':
    case 'Lt': {
      const bound = values.length === 1 ? parseInt64(values[0]) : undefined;
      if (!valid || bound === undefined) {
        return undefined;
      }
      return (labels) => {
        const value = parseInt64(labels[key]);
        return value !== undefined && (operator === 'Gt' ? value > bound : value < bound);
      };
    }
    default:
      return undefined;
  }
}

function fieldMatcher(requirement: NodeSelectorRequirement): NodeMatcher | undefined {
  const {key, operator, values = []} = requirement;
  const [value] = values;
  if (values.length !== 1 || (operator !== 'In' && operator !== 'NotIn')) {
    return undefined;
  }
  // metadata.name is the only field that nodes can be selected by.
  return (node) => ((key === 'metadata.name' ? node.name : '') === value) === (operator === 'In');
}

function isLabelValue(value: string): boolean {
  return value.length <= 63 && /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(value);
}

// A bigint, because label values reach the ends of int64, where numbers have lost their last digits.
function parseInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) {
    return undefined;
  }
  const value = text.startsWith('+') ? BigInt(text.slice(1)) : BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
