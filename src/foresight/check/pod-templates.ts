/** Where the pod template of each kind is. */
import type {Labels} from '../../cluster/label-selector.ts';
import type {ApiPodSpec, TopologySpreadConstraint} from '../../cluster/pod-spec.ts';
import type {PlacementRule} from '../../injection/rule.ts';
import type {FieldPath} from './manifest-object.ts';

export interface ApiPodTemplate {
  readonly metadata?: {readonly labels?: Labels; readonly annotations?: Labels};
  readonly spec?: ApiPodSpec;
}

/** Kinds whose pods are placed here. */
const WORKLOAD_KINDS: ReadonlySet<string> = new Set([
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Pod',
]);

/** Undefined of what has none, or of something that is no object. */
export function podTemplateOf(object: {readonly [field: string]: unknown}): ApiPodTemplate | undefined {
  if (!WORKLOAD_KINDS.has(String(object['kind']))) {
    return undefined;
  }
  if (object['kind'] === 'Pod') {
    return object;
  }
  const spec = object['spec'];
  const template =
    typeof spec === 'object' && spec !== null ? (spec as Record<string, unknown>)['template'] : undefined;
  return typeof template === 'object' && template !== null ? template : undefined;
}

/** The path of a field of the pod's spec in the workload's manifest. */
export function podSpecPath(kind: string, ...field: FieldPath): FieldPath {
  return kind === 'Pod' ? ['spec', ...field] : ['spec', 'template', 'spec', ...field];
}

/** The Deployment with the rule in its template, laid over what it has, as a server-side apply would. */
export function withRule<T extends {readonly [field: string]: unknown}>(
  deployment: T,
  rule: PlacementRule,
): T {
  const template = podTemplateOf(deployment);
  if (template === undefined) {
    return deployment;
  }
  const spec: ApiPodSpec = template.spec ?? {};
  const {required, preferred, topologySpreadConstraints} = rule;
  const own = spec.affinity?.podAntiAffinity;
  const podAntiAffinity = {
    ...own,
    ...(required.length === 0 ? {} : {requiredDuringSchedulingIgnoredDuringExecution: required}),
    ...(preferred.length === 0 ? {} : {preferredDuringSchedulingIgnoredDuringExecution: preferred}),
  };
  const isReplaced = (constraint: TopologySpreadConstraint) =>
    topologySpreadConstraints.some(
      ({topologyKey, whenUnsatisfiable}) =>
        topologyKey === constraint.topologyKey && whenUnsatisfiable === constraint.whenUnsatisfiable,
    );
  const constraints = [
    ...(spec.topologySpreadConstraints ?? []).filter((each) => !isReplaced(each)),
    ...topologySpreadConstraints,
  ];
  const withPlacement = {
    ...spec,
    ...(Object.keys(podAntiAffinity).length === 0 ? {} : {affinity: {...spec.affinity, podAntiAffinity}}),
    ...(constraints.length === 0 ? {} : {topologySpreadConstraints: constraints}),
  };
  return {
    ...deployment,
    spec: {...(deployment['spec'] as object), template: {...template, spec: withPlacement}},
  };
}
