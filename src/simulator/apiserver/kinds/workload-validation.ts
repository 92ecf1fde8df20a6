/** Deployments and their kin. Source: kubernetes/pkg/apis/apps/validation/validation.go. */
import {matchesSelector} from '../../../cluster/label-selector.ts';
import {isObject} from '../json.ts';
import {validateLabels} from '../metadata.ts';
import {type FieldError, fieldForbidden, invalid, notSupported, required} from '../status-error.ts';
import {childIfAny, type Draft, text} from './draft.ts';
import {validatePodSpec} from './pod-validation.ts';
import {nonNegative, validateCountOrPercent, validateSelector} from './rules.ts';

export type WorkloadKind = 'deployment' | 'replicaset' | 'statefulset' | 'daemonset';

export function validateWorkload(kind: WorkloadKind, object: Draft): FieldError[] {
  const spec = childIfAny(object, 'spec') ?? {};
  const errors: FieldError[] = [];
  errors.push(...nonNegative('spec.replicas', spec['replicas']));
  errors.push(...nonNegative('spec.minReadySeconds', spec['minReadySeconds']));
  errors.push(...validateWorkloadSelector(kind, spec));
  const template = childIfAny(spec, 'template') ?? {};
  const labels = childIfAny(childIfAny(template, 'metadata'), 'labels') ?? {};
  errors.push(...validateLabels(labels, 'spec.template.labels'));
  errors.push(...validatePodSpec(childIfAny(template, 'spec') ?? {}, 'spec.template.spec'));
  const policy = text(childIfAny(template, 'spec'), 'restartPolicy');
  if (policy !== 'Always') errors.push(notSupported('spec.template.spec.restartPolicy', policy, ['Always']));
  if (kind === 'deployment') errors.push(...validateStrategy(spec));
  return errors;
}

function validateWorkloadSelector(kind: WorkloadKind, spec: Draft): FieldError[] {
  const selector = spec['selector'];
  if (!isObject(selector)) {
    const path = 'spec.template.metadata.labels';
    const labels = childIfAny(childIfAny(childIfAny(spec, 'template'), 'metadata'), 'labels');
    return [
      required('spec.selector'),
      invalid(path, labels ?? null, '`selector` does not match template `labels`'),
    ];
  }
  const errors = validateSelector('spec.selector', selector);
  if (Object.keys(selector).length === 0) {
    errors.push(invalid('spec.selector', selector, `empty selector is invalid for ${kind}`));
    return errors;
  }
  const labels = childIfAny(childIfAny(childIfAny(spec, 'template'), 'metadata'), 'labels');
  if (!matchesSelector(selector, (labels ?? {}) as Record<string, string>)) {
    errors.push(
      invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'),
    );
  }
  return errors;
}

function validateStrategy(spec: Draft): FieldError[] {
  const strategy = childIfAny(spec, 'strategy');
  const rolling = childIfAny(strategy, 'rollingUpdate');
  const type = text(strategy, 'type');
  const path = 'spec.strategy';
  const errors: FieldError[] = [];
  if (type === 'Recreate' && rolling !== undefined) {
    errors.push(
      fieldForbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"),
    );
  } else if (type === 'RollingUpdate' && rolling !== undefined) {
    const {maxUnavailable, maxSurge} = rolling;
    errors.push(...validateCountOrPercent(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable));
    // maxSurge may be more than 100 %.
    if (typeof maxSurge === 'number') errors.push(...nonNegative(`${path}.rollingUpdate.maxSurge`, maxSurge));
    if (isZero(maxUnavailable) && isZero(maxSurge)) {
      errors.push(
        invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'),
      );
    }
  } else if (type !== 'RollingUpdate' && type !== 'Recreate') {
    errors.push(notSupported(`${path}.type`, type, ['Recreate', 'RollingUpdate']));
  }
  const [deadline, ready] = [spec['progressDeadlineSeconds'], spec['minReadySeconds'] ?? 0];
  if (typeof deadline === 'number') {
    errors.push(...nonNegative('spec.progressDeadlineSeconds', deadline));
    if (deadline <= Number(ready)) {
      errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
    }
  }
  errors.push(...nonNegative('spec.revisionHistoryLimit', spec['revisionHistoryLimit']));
  return errors;
}

function isZero(value: unknown): boolean {
  return value === 0 || value === '0%';
}
