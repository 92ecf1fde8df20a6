/** metav1.LabelSelector: the value, and what it matches. Source: apimachinery/pkg/apis/meta/v1/helpers.go. */

export type Labels = Readonly<Record<string, string>>;

/** The label that tells the pods of one rollout from those of another; their ReplicaSet's template has it. */
export const POD_TEMPLATE_HASH = 'pod-template-hash';

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

/** An absent selector matches nothing; an empty one matches everything. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) {
    return false;
  }
  const {matchLabels, matchExpressions} = selector;
  for (const key in matchLabels) {
    if (valueOf(labels, key) !== matchLabels[key]) {
      return false;
    }
  }
  return matchExpressions?.every((each) => matchesRequirement(each, labels)) ?? true;
}

function matchesRequirement(requirement: LabelSelectorRequirement, labels: Labels): boolean {
  const value = valueOf(labels, requirement.key);
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && (requirement.values ?? []).includes(value);
    case 'NotIn':
      // As in Kubernetes, an object without the key satisfies NotIn.
      return value === undefined || !(requirement.values ?? []).includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      // An operator of a newer API version: matching nothing is the choice that moves nothing.
      return false;
  }
}

// A label may be called `constructor`, which every object has by inheritance; but nothing that is inherited is a text.
function valueOf(labels: Labels, key: string): string | undefined {
  const value: unknown = labels[key];
  return typeof value === 'string' ? value : undefined;
}

/**
 * The selector with `key in (value of that key)` added for each matchLabelKeys entry that the labels carry, and
 * `key notin (value)` for mismatchLabelKeys: what the API server does when it creates the pod (KEP-3633, KEP-3243).
 */
export function withLabelKeys(
  selector: LabelSelector | undefined,
  labels: Labels,
  matchLabelKeys: readonly string[] = [],
  mismatchLabelKeys: readonly string[] = [],
): LabelSelector | undefined {
  if (selector === undefined || (matchLabelKeys.length === 0 && mismatchLabelKeys.length === 0)) {
    return selector;
  }
  const added: LabelSelectorRequirement[] = [];
  for (const key of matchLabelKeys) {
    const value = labels[key];
    if (value !== undefined) {
      added.push({key, operator: 'In', values: [value]});
    }
  }
  for (const key of mismatchLabelKeys) {
    const value = labels[key];
    if (value !== undefined) {
      added.push({key, operator: 'NotIn', values: [value]});
    }
  }
  if (added.length === 0) {
    return selector;
  }
  return {...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added]};
}
