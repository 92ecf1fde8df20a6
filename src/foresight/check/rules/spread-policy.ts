/** SpreadPolicies that the operator would not act on, or not as it seems. */
import {matchesSelector} from '../../../cluster/label-selector.ts';
import type {CheckContext, CheckRule} from '../context.ts';
import {describeObject, type Finding, referenceOf} from '../finding.ts';
import {fieldPath, type ManifestObject} from '../manifest-object.ts';
import {POLICIES} from '../stage.ts';

export const spreadPolicy: CheckRule = {
  id: 'spread-policy',
  summary: 'A SpreadPolicy that the operator would not act on, or not as it seems',

  find(context) {
    const {view} = context;
    return view.stage.applied.flatMap(({resource, namespace = '', manifest}) =>
      resource === POLICIES
        ? [
            ...problems(manifest, namespace, context),
            ...conflicts(manifest, namespace, context),
            ...unapplied(manifest, namespace, context),
          ]
        : [],
    );
  },
};

function problems(manifest: ManifestObject, namespace: string, {view}: CheckContext): Finding[] {
  const {problems: found = []} = view.caches.policies.get(namespace, manifest.name) ?? {};
  return found.map(({field, message, kind}) => ({
    rule: 'spread-policy',
    level: kind === 'Invalid' ? 'error' : 'warning',
    object: referenceOf(manifest, namespace),
    position: manifest.locate(fieldPath(field)),
    title: `The operator does not act on SpreadPolicy ${namespace}/${manifest.name}`,
    why: [`${field}: ${message}`],
    cure: {text: 'Correct the field.'},
  }));
}

function conflicts(manifest: ManifestObject, namespace: string, {view}: CheckContext): Finding[] {
  const {policies, cache} = view.caches;
  const policy = policies.get(namespace, manifest.name);
  const lost = [...cache.workloadsOf(namespace)].flatMap((workload) => {
    const governing = policies.governing(workload);
    return policy !== undefined &&
      governing !== undefined &&
      governing !== policy &&
      matchesSelector(policy.object.spec.selector, workload.labels)
      ? [{workload, governing}]
      : [];
  });
  const [first] = lost;
  if (first === undefined) {
    return [];
  }
  return [
    {
      rule: 'spread-policy',
      level: 'warning',
      object: referenceOf(manifest, namespace),
      position: manifest.locate(['spec', 'selector']),
      title: `SpreadPolicy ${namespace}/${manifest.name} has no say over ${lost.length === 1 ? describeObject(first.workload) : `${lost.length} Deployments that it selects`}`,
      why: [
        `SpreadPolicy ${first.governing.name} selects ${lost.map(({workload}) => workload.name).join(', ')} too, and the older policy wins, then the one whose name comes first.`,
      ],
      cure: {text: 'Make the selectors disjoint, or keep one policy.'},
    },
  ];
}

function unapplied(manifest: ManifestObject, namespace: string, {governed}: CheckContext): Finding[] {
  return governed.flatMap(({workload, policy, decision}): Finding[] => {
    if (policy.namespace !== namespace || policy.name !== manifest.name || decision.kind === 'apply') {
      return [];
    }
    const ofPolicy = {object: referenceOf(manifest, namespace), position: manifest.locate(['spec'])};
    if (decision.blocked !== undefined) {
      const unsettled = !['InsufficientDomains', 'NoFeasibleNode', 'InjectionConflict'].includes(
        decision.blocked.reason,
      );
      return unsettled
        ? []
        : [
            {
              rule: 'spread-policy',
              level: 'warning',
              ...ofPolicy,
              title: `The rule of SpreadPolicy ${namespace}/${manifest.name} would not be injected into ${describeObject(workload)}`,
              why: [`${decision.blocked.reason}: ${decision.blocked.message}`],
              cure: {text: 'Do what the reason says; until then nothing keeps the replicas apart.'},
            },
          ];
    }
    const {minReplicas, mode} = policy.object.spec.eviction;
    return mode === 'Evict' && workload.replicas > 1 && workload.replicas < minReplicas
      ? [
          {
            rule: 'spread-policy',
            level: 'note',
            ...ofPolicy,
            title: `The replicas of ${describeObject(workload)} would never be moved`,
            why: [`It has ${workload.replicas} replicas, and spec.eviction.minReplicas is ${minReplicas}.`],
            cure: {text: 'Lower minReplicas where that is not meant.'},
          },
        ]
      : [];
  });
}
