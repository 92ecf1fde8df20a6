/**
 * Validation of the built-in kinds, as far as people and programs meet it: required fields, immutable fields, selectors,
 * quantities, counts. Sources: kubernetes/pkg/apis/{core,apps,policy,autoscaling}/validation.
 */
import type {ApiObject} from '../../cluster-api.ts';
import {asObject, equals, isObject, sortedJson, valueAt} from '../json.ts';
import type {Resource} from '../resources.ts';
import {type FieldError, fieldForbidden, invalid, notSupported, required} from '../status-error.ts';
import {childIfAny, type Draft, drafts, text} from './draft.ts';
import {validatePodSpec, validatePodUpdate} from './pod-validation.ts';
import {immutable, nonNegative, validateCountOrPercent, validateSelector} from './rules.ts';
import {validateWorkload} from './workload-validation.ts';

type Validator = (object: Draft, old: Draft | undefined) => FieldError[];

const validators: Readonly<Record<string, Validator>> = {
  pods: (pod) => validatePodSpec(childIfAny(pod, 'spec') ?? {}, 'spec'),
  'deployments.apps': (object) => validateWorkload('deployment', object),
  'replicasets.apps': (object) => validateWorkload('replicaset', object),
  'statefulsets.apps': (object) => validateWorkload('statefulset', object),
  'daemonsets.apps': (object) => validateWorkload('daemonset', object),
  'poddisruptionbudgets.policy': validateBudget,
  'horizontalpodautoscalers.autoscaling': validateAutoscaler,
  services: validateService,
  nodes: validateNode,
  'leases.coordination.k8s.io': validateLease,
  'priorityclasses.scheduling.k8s.io': (object, old) =>
    old === undefined || equals(object['value'], old['value'])
      ? []
      : [fieldForbidden('value', 'may not be changed in an update.')],
  'customresourcedefinitions.apiextensions.k8s.io': validateDefinition,
  'storageclasses.storage.k8s.io': (object) =>
    text(object, 'provisioner') === '' ? [required('provisioner')] : [],
  'clusterrolebindings.rbac.authorization.k8s.io': validateBinding,
  'rolebindings.rbac.authorization.k8s.io': validateBinding,
};

const immutableSelectors = new Set(['deployments.apps', 'replicasets.apps', 'daemonsets.apps']);

export function validateObject(resource: Resource, object: ApiObject): FieldError[] {
  return validators[resource.storage]?.(object, undefined) ?? [];
}

export function validateObjectUpdate(
  resource: Resource,
  object: ApiObject,
  old: ApiObject,
  subresource: string | undefined,
): FieldError[] {
  if (subresource === 'status') return [];
  const errors: FieldError[] = [];
  if (
    !equals(object['spec'], old['spec']) ||
    resource.storage.includes('rbac') ||
    object['spec'] === undefined
  ) {
    if (resource.storage === 'pods') {
      errors.push(...validatePodUpdate(asObject(object['spec']), asObject(old['spec'])));
    } else {
      errors.push(...(validators[resource.storage]?.(object, old) ?? []));
    }
  }
  if (immutableSelectors.has(resource.storage)) {
    errors.push(
      ...immutable('spec.selector', valueAt(object, 'spec', 'selector'), valueAt(old, 'spec', 'selector')),
    );
  }
  if (resource.storage === 'statefulsets.apps') errors.push(...validateStatefulSetUpdate(object, old));
  return errors;
}

const STATEFUL_MUTABLE = new Set([
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]);

function validateStatefulSetUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const fixed = (spec: unknown) =>
    Object.fromEntries(Object.entries(asObject(spec)).filter(([field]) => !STATEFUL_MUTABLE.has(field)));
  if (equals(fixed(object['spec']), fixed(old['spec']))) return [];
  return [
    fieldForbidden(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}

function validateBudget(budget: Draft): FieldError[] {
  const spec = childIfAny(budget, 'spec') ?? {};
  const errors: FieldError[] = [];
  if (spec['minAvailable'] !== undefined && spec['maxUnavailable'] !== undefined) {
    // The internal type has no JSON names.
    const goNames = {
      MinAvailable: spec['minAvailable'],
      Selector: spec['selector'] ?? null,
      MaxUnavailable: spec['maxUnavailable'],
      UnhealthyPodEvictionPolicy: spec['unhealthyPodEvictionPolicy'] ?? null,
    };
    errors.push({
      reason: 'FieldValueInvalid',
      field: 'spec',
      message: `Invalid value: ${JSON.stringify(goNames)}: minAvailable and maxUnavailable cannot be both set`,
    });
  }
  for (const field of ['minAvailable', 'maxUnavailable']) {
    if (spec[field] !== undefined) errors.push(...validateCountOrPercent(`spec.${field}`, spec[field]));
  }
  if (spec['selector'] !== undefined) errors.push(...validateSelector('spec.selector', spec['selector']));
  const policy = spec['unhealthyPodEvictionPolicy'];
  if (policy !== undefined && policy !== 'AlwaysAllow' && policy !== 'IfHealthyBudget') {
    errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, ['AlwaysAllow', 'IfHealthyBudget']));
  }
  return errors;
}

function validateAutoscaler(autoscaler: Draft): FieldError[] {
  const spec = childIfAny(autoscaler, 'spec') ?? {};
  const errors: FieldError[] = [];
  const [min, max] = [Number(spec['minReplicas'] ?? 1), Number(spec['maxReplicas'] ?? 0)];
  if (min < 1) errors.push(invalid('spec.minReplicas', min, 'must be greater than or equal to 1'));
  if (max < 1) errors.push(invalid('spec.maxReplicas', max, 'must be greater than 0'));
  if (max < min)
    errors.push(invalid('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'));
  const target = childIfAny(spec, 'scaleTargetRef');
  for (const field of ['kind', 'name']) {
    if (text(target, field) === '') errors.push(required(`spec.scaleTargetRef.${field}`));
  }
  const apiVersion = text(target, 'apiVersion');
  if (!apiVersion.includes('/') && text(target, 'kind') !== 'ReplicationController') {
    errors.push(invalid('spec.scaleTargetRef.apiVersion', apiVersion, 'apiVersion must specify API group'));
  }
  return errors;
}

function validateService(service: Draft, old: Draft | undefined): FieldError[] {
  const spec = childIfAny(service, 'spec') ?? {};
  const errors: FieldError[] = [];
  const ports = drafts(spec, 'ports');
  const type = text(spec, 'type');
  if (ports.length === 0 && type !== 'ExternalName' && spec['clusterIP'] !== 'None')
    errors.push(required('spec.ports'));
  for (const [index, port] of ports.entries()) {
    const number = port['port'];
    if (typeof number !== 'number' || number < 1 || number > 65_535) {
      errors.push(
        invalid(`spec.ports[${index}].port`, number ?? 0, 'must be between 1 and 65535, inclusive'),
      );
    }
    if (ports.length > 1 && text(port, 'name') === '') errors.push(required(`spec.ports[${index}].name`));
  }
  const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
  if (!types.includes(type)) errors.push(notSupported('spec.type', type, types));
  const before = childIfAny(old, 'spec');
  if (before !== undefined && text(before, 'clusterIP') !== '' && type !== 'ExternalName') {
    if (!equals(before['clusterIP'], spec['clusterIP'])) {
      errors.push(invalid('spec.clusterIPs[0]', [spec['clusterIP']], 'may not change once set'));
    }
  }
  return errors;
}

const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function validateNode(node: Draft, old: Draft | undefined): FieldError[] {
  const seen = new Set<string>();
  const errors = drafts(childIfAny(node, 'spec'), 'taints').flatMap((taint, index): FieldError[] => {
    const path = `metadata.taints[${index}]`;
    const errors: FieldError[] = [];
    if (text(taint, 'key') === '') errors.push(required(`${path}.key`));
    if (!TAINT_EFFECTS.includes(text(taint, 'effect'))) {
      errors.push(notSupported(`${path}.effect`, text(taint, 'effect'), TAINT_EFFECTS));
    }
    const key = `${text(taint, 'key')}:${text(taint, 'effect')}`;
    if (seen.has(key)) {
      errors.push({
        reason: 'FieldValueDuplicate',
        field: path,
        message: `Duplicate value: ${sortedJson(taint)}: taints must be unique by key and effect pair`,
      });
    }
    seen.add(key);
    return errors;
  });
  // An update is checked as a new node and as a change.
  return old === undefined ? errors : [...errors, ...errors];
}

function validateLease(lease: Draft): FieldError[] {
  const spec = childIfAny(lease, 'spec') ?? {};
  const errors: FieldError[] = [];
  const duration = spec['leaseDurationSeconds'];
  if (typeof duration === 'number' && duration <= 0) {
    errors.push(invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  }
  if (spec['leaseTransitions'] !== undefined)
    errors.push(...nonNegative('spec.leaseTransitions', spec['leaseTransitions']));
  return errors;
}

function validateDefinition(definition: Draft): FieldError[] {
  const spec = childIfAny(definition, 'spec') ?? {};
  const names = childIfAny(spec, 'names');
  const expected = `${text(names, 'plural')}.${text(spec, 'group')}`;
  const name = text(childIfAny(definition, 'metadata'), 'name');
  const errors: FieldError[] = [];
  if (name !== expected)
    errors.push(invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  for (const [index, version] of drafts(spec, 'versions').entries()) {
    if (!isObject(valueAt(version, 'schema', 'openAPIV3Schema'))) {
      errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
    }
  }
  return errors;
}

function validateBinding(binding: Draft, old: Draft | undefined): FieldError[] {
  const errors = old === undefined ? [] : immutableRole(binding, old);
  const role = childIfAny(binding, 'roleRef');
  if (text(role, 'name') === '') errors.push(required('roleRef.name'));
  for (const [index, subject] of drafts(binding, 'subjects').entries()) {
    if (text(subject, 'name') === '') errors.push(required(`subjects[${index}].name`));
    if (subject['kind'] === 'ServiceAccount' && text(subject, 'namespace') === '') {
      errors.push(required(`subjects[${index}].namespace`));
    }
  }
  return errors;
}

function immutableRole(binding: Draft, old: Draft): FieldError[] {
  const role = asObject(binding['roleRef']);
  return equals(binding['roleRef'], old['roleRef'])
    ? []
    : [
        invalid(
          'roleRef',
          {APIGroup: role['apiGroup'], Kind: role['kind'], Name: role['name']},
          'cannot change roleRef',
        ),
      ];
}
