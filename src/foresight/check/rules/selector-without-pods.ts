/** Selectors of Services, budgets, policies and placement rules that select nothing. */
import {type LabelSelector, type Labels, matchesSelector} from '../../../cluster/label-selector.ts';
import {BUDGETS} from '../../../simulator/objects.ts';
import {type CheckContext, type CheckRule, hasCustomResources} from '../context.ts';
import {describeObject, type Finding, type Level, type ObjectReference, referenceOf} from '../finding.ts';
import type {FieldPath, ManifestObject} from '../manifest-object.ts';
import {podSpecPath} from '../pod-templates.ts';
import {POLICIES} from '../stage.ts';
import {matchesLabels, type WorkloadView} from '../view.ts';

const RULE = 'selector-without-pods';

export const selectorWithoutPods: CheckRule = {
  id: RULE,
  summary: 'A selector of a Service, PodDisruptionBudget, SpreadPolicy or placement rule selects nothing',

  find(context) {
    return [
      ...services(context),
      ...budgets(context),
      ...policies(context),
      ...context.view.workloads.flatMap((workload) => placementRules(workload, context)),
    ];
  },
};

function services(context: CheckContext): Finding[] {
  return context.view.services.flatMap(({manifest, namespace, name, object, workloads}) => {
    const selector = object.spec?.selector ?? {};
    const isMeant = (labels: Labels) => matchesLabels(selector, labels);
    if (
      manifest === undefined ||
      workloads.length > 0 ||
      isOnPods(context, namespace, isMeant) ||
      isElsewhere(context, namespace, isMeant)
    ) {
      return [];
    }
    return [
      nothingSelected(
        context,
        manifest,
        {kind: 'Service', namespace, name},
        {
          field: ['spec', 'selector'],
          selector: {matchLabels: selector},
          consequence: 'It has no endpoints: connections to it are refused.',
        },
      ),
    ];
  });
}

function budgets(context: CheckContext): Finding[] {
  const {view} = context;
  return view.stage.applied.flatMap(({resource, namespace = '', manifest}) => {
    const selector = (manifest.content['spec'] as {selector?: LabelSelector} | undefined)?.selector;
    if (resource !== BUDGETS || selector === undefined) {
      return [];
    }
    const isMeant = (labels: Labels) => matchesSelector(selector, labels);
    const isThere = view.all.some(
      (workload) => workload.namespace === namespace && isMeant(workload.template.metadata?.labels ?? {}),
    );
    return isThere || isOnPods(context, namespace, isMeant) || isElsewhere(context, namespace, isMeant)
      ? []
      : [
          nothingSelected(context, manifest, referenceOf(manifest, namespace), {
            field: ['spec', 'selector'],
            selector,
            consequence: 'It protects no pod.',
          }),
        ];
  });
}

function policies(context: CheckContext): Finding[] {
  const {view} = context;
  return view.stage.applied.flatMap(({resource, namespace = '', manifest}) => {
    const policy = resource === POLICIES ? view.caches.policies.get(namespace, manifest.name) : undefined;
    if (policy === undefined) {
      return [];
    }
    const {selector} = policy.object.spec;
    const isThere = [...view.caches.cache.workloadsOf(namespace)].some(({labels}) =>
      matchesSelector(selector, labels),
    );
    return isThere
      ? []
      : [
          nothingSelected(context, manifest, referenceOf(manifest, namespace), {
            field: ['spec', 'selector'],
            selector,
            consequence:
              'A SpreadPolicy selects Deployments of its own namespace by their own labels (metadata.labels), not by those of their pods.',
          }),
        ];
  });
}

/** Terms about pods that are nowhere. What is meant for pods of others is often not in the manifests: a note then. */
function placementRules(workload: WorkloadView, context: CheckContext): Finding[] {
  const {manifest, template, namespace, kind} = workload;
  if (manifest === undefined) {
    return [];
  }
  const labels = template.metadata?.labels ?? {};
  const constraints = (template.spec?.topologySpreadConstraints ?? []).flatMap((constraint, index) =>
    matchesSelector(constraint.labelSelector, labels)
      ? []
      : [{field: ['topologySpreadConstraints', index] as FieldPath, selector: constraint.labelSelector}],
  );
  const {
    requiredDuringSchedulingIgnoredDuringExecution: required = [],
    preferredDuringSchedulingIgnoredDuringExecution: preferred = [],
  } = template.spec?.affinity?.podAntiAffinity ?? {};
  const at = ['affinity', 'podAntiAffinity'];
  const terms = [
    ...required.map((term, index) => ({
      term,
      field: [...at, 'requiredDuringSchedulingIgnoredDuringExecution', index],
    })),
    ...preferred.map(({podAffinityTerm}, index) => ({
      term: podAffinityTerm,
      field: [...at, 'preferredDuringSchedulingIgnoredDuringExecution', index, 'podAffinityTerm'],
    })),
  ].flatMap(({term, field}) =>
    matchesSelector(term.labelSelector, labels) || selectsSomebody(term.labelSelector, context)
      ? []
      : [{field, selector: term.labelSelector}],
  );
  const isAlone = terms.length === required.length + preferred.length;
  return [...constraints, ...(isAlone ? terms : [])].map(({field, selector}) => ({
    rule: RULE,
    level: field[0] === 'affinity' && !looksLike(selector, labels) ? 'note' : 'warning',
    object: referenceOf(workload),
    position: manifest.locate(podSpecPath(kind, ...field, 'labelSelector')),
    title: `The ${field[0] === 'affinity' ? 'anti-affinity' : 'topology spread constraint'} of ${describeObject(workload)} does not select its own pods`,
    why: [
      `It selects ${describeSelector(selector)}; the pods of the template are labelled ${describeSelector({matchLabels: labels})}.`,
      `No other pod in ${namespace} or elsewhere matches either: the rule keeps nothing apart.`,
    ],
    cure: {text: 'Select the labels of the pod template.'},
  }));
}

function selectsSomebody(selector: LabelSelector | undefined, context: CheckContext): boolean {
  const isMeant = (labels: Labels) => matchesSelector(selector, labels);
  return (
    context.view.all.some(({template}) => isMeant(template.metadata?.labels ?? {})) ||
    context.manifests.some((manifest) => templateLabels(manifest.content).some(isMeant))
  );
}

interface Nothing {
  readonly field: FieldPath;
  readonly selector: LabelSelector;
  readonly consequence: string;
}

function nothingSelected(
  context: CheckContext,
  manifest: ManifestObject,
  object: ObjectReference,
  {field, selector, consequence}: Nothing,
): Finding {
  const namespace = object.namespace ?? '';
  const neighbours = context.view.all.filter(
    (each) => each.namespace === namespace && each.manifest !== undefined,
  );
  const close = neighbours.find(({template}) => sharesKey(selector, template.metadata?.labels ?? {}));
  const labelled = neighbours.find((workload) => mayBeLabelledLater(workload, selector));
  return {
    rule: RULE,
    level: labelled === undefined ? levelOf(context, namespace, neighbours) : 'note',
    object,
    position: manifest.locate(field),
    title: `${describeObject(object)} selects ${object.kind === 'SpreadPolicy' ? 'no Deployment' : 'no pods'}`,
    why: [
      `It selects ${describeSelector(selector)}, which nothing in namespace ${namespace} has, neither in the manifests nor in the cluster.`,
      ...(close === undefined
        ? []
        : [
            `${describeObject(close)} is close: ${describeSelector({matchLabels: close.template.metadata?.labels ?? {}})}.`,
          ]),
      ...(labelled === undefined
        ? [consequence]
        : [
            `If its program labels the pods as they run, as those do that elect a primary, all is well. Otherwise: ${consequence}`,
          ]),
    ],
    cure: {text: 'Correct the selector, or apply what it means together with it.'},
  };
}

/** Where the namespace has no workload here, it is somewhere else, and where an operator makes pods, nobody knows their labels. */
function levelOf(context: CheckContext, namespace: string, neighbours: readonly WorkloadView[]): Level {
  const isUnknown = context.isAssumed && (neighbours.length === 0 || namespace === 'kube-system');
  return isUnknown || hasCustomResources(context, namespace) ? 'note' : 'warning';
}

/**
 * A selector that asks for all that the template says and for more. Replicas of a StatefulSet are told from each other by
 * labels that are put on while they run: `role: primary`, `vault-active: "true"`, or by the controller its own.
 */
function mayBeLabelledLater({kind, template}: WorkloadView, {matchLabels = {}}: LabelSelector): boolean {
  const labels = template.metadata?.labels ?? {};
  const known = Object.entries(matchLabels).filter(([key]) => labels[key] !== undefined);
  return kind === 'StatefulSet' && known.length > 0 && known.every(([key, value]) => labels[key] === value);
}

/** Labels that no template has: those of a StatefulSet's controller, and those that pods of the cluster got as they ran. */
function isOnPods(
  {view, request}: CheckContext,
  namespace: string,
  isMeant: (labels: Labels) => boolean,
): boolean {
  return [...view.picture.objects, ...request.picture.objects].some(
    ({kind, metadata}) =>
      kind === 'Pod' && metadata.namespace === namespace && isMeant(metadata.labels ?? {}),
  );
}

/** In a template of a kind that has no part here, such as a Job, or of an object that was refused. */
function isElsewhere(
  {manifests, request}: CheckContext,
  namespace: string,
  isMeant: (labels: Labels) => boolean,
): boolean {
  return manifests.some(
    (manifest) =>
      (manifest.namespace ?? request.defaultNamespace) === namespace &&
      templateLabels(manifest.content).some(isMeant),
  );
}

function templateLabels(value: unknown): Labels[] {
  if (Array.isArray(value)) {
    return value.flatMap(templateLabels);
  }
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, inner]) => {
    const labels = /template$/i.test(key)
      ? (inner as {metadata?: {labels?: Labels}} | null)?.metadata?.labels
      : undefined;
    return [...(typeof labels === 'object' && labels !== null ? [labels] : []), ...templateLabels(inner)];
  });
}

/** To keep away from pods of others is as common; the same label with a value that is nearly its own looks like a slip. */
function looksLike(selector: LabelSelector | undefined, labels: Labels): boolean {
  return Object.entries(selector?.matchLabels ?? {}).some(([key, value]) => {
    const own = labels[key];
    return own !== undefined && own !== value && (own.includes(value) || value.includes(own));
  });
}

function sharesKey({matchLabels = {}}: LabelSelector, labels: Labels): boolean {
  return Object.keys(matchLabels).some((key) => labels[key] !== undefined);
}

function describeSelector(selector: LabelSelector | undefined): string {
  if (selector === undefined) {
    return 'nothing (no labelSelector)';
  }
  const parts = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(selector.matchExpressions ?? []).map(
      ({key, operator, values = []}) =>
        `${key} ${operator}${values.length === 0 ? '' : ` (${values.join(', ')})`}`,
    ),
  ];
  return parts.length === 0 ? 'everything' : parts.join(', ');
}
