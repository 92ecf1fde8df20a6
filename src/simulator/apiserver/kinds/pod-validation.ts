/** Pods and pod templates. Source: kubernetes/pkg/apis/core/validation/validation.go. */
import {parseQuantity} from '../../../cluster/quantity.ts';
import {equals, type JsonObject, textOf} from '../json.ts';
import {labelProblems, qualifiedNameProblems} from '../metadata.ts';
import {type FieldError, fieldForbidden, invalid, notSupported, required} from '../status-error.ts';
import {childIfAny, type Draft, drafts, text} from './draft.ts';
import {validateSelector} from './rules.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const WHEN_UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway'];
const TOLERATION_OPERATORS = ['Equal', 'Exists'];

export function validatePodSpec(spec: Draft, path: string): FieldError[] {
  const containers = drafts(spec, 'containers');
  const errors: FieldError[] = [];
  errors.push(
    ...drafts(spec, 'volumes').flatMap((volume, index) =>
      validateVolume(volume, `${path}.volumes[${index}]`),
    ),
  );
  if (containers.length === 0) errors.push(required(`${path}.containers`));
  const names = new Set<string>();
  for (const [field, each] of [
    ['containers', containers],
    ['initContainers', drafts(spec, 'initContainers')],
  ] as const) {
    for (const [index, container] of each.entries()) {
      const at = `${path}.${field}[${index}]`;
      errors.push(...validateContainer(container, at, spec));
      const name = text(container, 'name');
      if (name !== '' && names.has(name)) {
        errors.push({
          reason: 'FieldValueDuplicate',
          field: `${at}.name`,
          message: `Duplicate value: ${JSON.stringify(name)}`,
        });
      }
      names.add(name);
    }
  }
  const restart = text(spec, 'restartPolicy');
  if (!RESTART_POLICIES.includes(restart)) {
    errors.push(notSupported(`${path}.restartPolicy`, restart, RESTART_POLICIES));
  }
  errors.push(...validateAffinity(spec, `${path}.affinity`));
  errors.push(
    ...drafts(spec, 'topologySpreadConstraints').flatMap((constraint, index, all) =>
      validateConstraint(constraint, `${path}.topologySpreadConstraints[${index}]`, all.slice(index + 1)),
    ),
  );
  errors.push(
    ...drafts(spec, 'tolerations').flatMap((toleration, index) =>
      validateToleration(toleration, `${path}.tolerations[${index}]`),
    ),
  );
  return errors;
}

function validateVolume(volume: Draft, path: string): FieldError[] {
  const name = text(volume, 'name');
  if (name === '') return [required(`${path}.name`)];
  return labelProblems(name).map((problem) => invalid(`${path}.name`, name, problem));
}

function validateContainer(container: Draft, path: string, spec: Draft): FieldError[] {
  const errors: FieldError[] = [];
  const name = text(container, 'name');
  if (name === '') errors.push(required(`${path}.name`));
  else errors.push(...labelProblems(name).map((problem) => invalid(`${path}.name`, name, problem)));
  const image = text(container, 'image');
  if (image === '') errors.push(required(`${path}.image`));
  else if (image.trim() !== image) {
    errors.push(invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'));
  }
  for (const [index, port] of drafts(container, 'ports').entries()) {
    const number = port['containerPort'];
    const at = `${path}.ports[${index}].containerPort`;
    if (number === undefined) errors.push(required(at));
    else if (typeof number !== 'number' || number < 1 || number > 65_535) {
      errors.push(invalid(at, number, 'must be between 1 and 65535, inclusive'));
    }
  }
  const volumes = new Set(drafts(spec, 'volumes').map((volume) => text(volume, 'name')));
  for (const [index, mount] of drafts(container, 'volumeMounts').entries()) {
    const at = `${path}.volumeMounts[${index}]`;
    const wanted = text(mount, 'name');
    if (wanted === '') errors.push(required(`${at}.name`));
    else if (!volumes.has(wanted)) {
      errors.push({
        reason: 'FieldValueNotFound',
        field: `${at}.name`,
        message: `Not found: ${JSON.stringify(wanted)}`,
      });
    }
    if (text(mount, 'mountPath') === '') errors.push(required(`${at}.mountPath`));
  }
  errors.push(...validateResources(childIfAny(container, 'resources'), `${path}.resources`));
  return errors;
}

function validateResources(resources: Draft | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const limits = childIfAny(resources, 'limits');
  const requests = childIfAny(resources, 'requests');
  for (const [field, list] of [
    ['limits', limits],
    ['requests', requests],
  ] as const) {
    for (const [name, quantity] of Object.entries(list ?? {})) {
      if (String(quantity).startsWith('-')) {
        errors.push(invalid(`${path}.${field}[${name}]`, quantity, 'must be greater than or equal to 0'));
      }
    }
  }
  for (const [name, request] of Object.entries(requests ?? {})) {
    const limit = limits?.[name];
    if (limit !== undefined && parseQuantity(textOf(request)) > parseQuantity(textOf(limit))) {
      errors.push(
        invalid(
          `${path}.requests`,
          request,
          `must be less than or equal to ${name} limit of ${textOf(limit)}`,
        ),
      );
    }
  }
  return errors;
}

function validateAffinity(spec: Draft, path: string): FieldError[] {
  const affinity = childIfAny(spec, 'affinity');
  return ['podAffinity', 'podAntiAffinity'].flatMap((field) => {
    const each = childIfAny(affinity, field);
    const required_ = drafts(each, 'requiredDuringSchedulingIgnoredDuringExecution');
    const preferred = drafts(each, 'preferredDuringSchedulingIgnoredDuringExecution');
    return [
      ...required_.flatMap((term, index) =>
        validateTerm(term, `${path}.${field}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`),
      ),
      ...preferred.flatMap((weighted, index) => {
        const at = `${path}.${field}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
        const weight = Number(weighted['weight'] ?? 0);
        return [
          ...(weight < 1 || weight > 100
            ? [invalid(`${at}.weight`, weight, 'must be in the range 1-100')]
            : []),
          ...validateTerm(childIfAny(weighted, 'podAffinityTerm') ?? {}, `${at}.podAffinityTerm`),
        ];
      }),
    ];
  });
}

function validateTerm(term: Draft, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (term['labelSelector'] !== undefined) {
    errors.push(...validateSelector(`${path}.labelSelector`, term['labelSelector']));
  }
  errors.push(...validateLabelKeys(term, path));
  const key = text(term, 'topologyKey');
  if (key === '') errors.push(required(`${path}.topologyKey`, 'can not be empty'));
  errors.push(...qualifiedNameProblems(key).map((problem) => invalid(`${path}.topologyKey`, key, problem)));
  return errors;
}

function validateConstraint(constraint: Draft, path: string, later: readonly Draft[]): FieldError[] {
  const errors: FieldError[] = [];
  const {maxSkew, minDomains} = constraint;
  if (typeof maxSkew !== 'number' || maxSkew <= 0) {
    errors.push(invalid(`${path}.maxSkew`, maxSkew ?? 0, 'must be greater than zero'));
  }
  const key = text(constraint, 'topologyKey');
  if (key === '') errors.push(required(`${path}.topologyKey`, 'can not be empty'));
  const when = text(constraint, 'whenUnsatisfiable');
  if (!WHEN_UNSATISFIABLE.includes(when)) {
    errors.push(notSupported(`${path}.whenUnsatisfiable`, when, WHEN_UNSATISFIABLE));
  }
  if (later.some((other) => other['topologyKey'] === key && other['whenUnsatisfiable'] === when)) {
    const message = `Duplicate value: ${JSON.stringify(`{${key}, ${when}}`)}`;
    errors.push({reason: 'FieldValueDuplicate', field: `${path}.{topologyKey, whenUnsatisfiable}`, message});
  }
  if (typeof minDomains === 'number') {
    if (minDomains <= 0) errors.push(invalid(`${path}.minDomains`, minDomains, 'must be greater than zero'));
    if (when !== 'DoNotSchedule') {
      errors.push(
        invalid(
          `${path}.minDomains`,
          minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${when}`,
        ),
      );
    }
  }
  errors.push(...validateLabelKeys(constraint, path));
  if (constraint['labelSelector'] !== undefined) {
    errors.push(...validateSelector(`${path}.labelSelector`, constraint['labelSelector']));
  }
  return errors;
}

/** ValidateMatchLabelKeysAndMismatchLabelKeys; a pod's selector has been completed by then. */
function validateLabelKeys(term: Draft, path: string): FieldError[] {
  const list = (field: string): string[] => (Array.isArray(term[field]) ? term[field].map(String) : []);
  const selector = childIfAny(term, 'labelSelector');
  const matching = list('matchLabelKeys');
  const errors: FieldError[] = [];
  for (const field of ['matchLabelKeys', 'mismatchLabelKeys']) {
    const keys = list(field);
    if (keys.length > 0 && selector === undefined) {
      errors.push(fieldForbidden(`${path}.${field}`, 'must not be specified when labelSelector is not set'));
    }
    for (const [index, key] of keys.entries()) {
      errors.push(
        ...qualifiedNameProblems(key).map((each) => invalid(`${path}.${field}[${index}]`, key, each)),
      );
    }
  }
  const seen = new Set(Object.keys(childIfAny(selector, 'matchLabels') ?? {}));
  for (const requirement of drafts(selector, 'matchExpressions')) {
    const key = text(requirement, 'key');
    const index = matching.indexOf(key);
    if (index >= 0 && seen.has(key)) {
      errors.push(invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'));
    }
    seen.add(key);
  }
  const mismatching = list('mismatchLabelKeys');
  for (const [index, key] of matching.entries()) {
    if (mismatching.includes(key)) {
      errors.push(
        invalid(
          `${path}.matchLabelKeys[${index}]`,
          key,
          'exists in both matchLabelKeys and mismatchLabelKeys',
        ),
      );
    }
  }
  return errors;
}

function validateToleration(toleration: Draft, path: string): FieldError[] {
  const operator = text(toleration, 'operator');
  const errors: FieldError[] = [];
  if (text(toleration, 'key') === '' && operator !== 'Exists') {
    errors.push(
      invalid(
        `${path}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    );
  }
  if (operator !== '' && !TOLERATION_OPERATORS.includes(operator)) {
    errors.push(notSupported(`${path}.operator`, operator, TOLERATION_OPERATORS));
  }
  if (toleration['tolerationSeconds'] !== undefined && toleration['effect'] !== 'NoExecute') {
    errors.push(
      invalid(
        `${path}.effect`,
        text(toleration, 'effect'),
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      ),
    );
  }
  return errors;
}

const UPDATABLE =
  'spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** The difference that the real server prints after the sentence is left out. */
export function validatePodUpdate(spec: JsonObject, old: JsonObject): FieldError[] {
  const errors = validateTolerationAdditions(spec, old);
  if (!equals(withoutUpdatable(spec), withoutUpdatable(old))) {
    errors.push(fieldForbidden('spec', `pod updates may not change fields other than \`${UPDATABLE}\n`));
  }
  return errors;
}

function validateTolerationAdditions(spec: JsonObject, old: JsonObject): FieldError[] {
  const now = drafts(spec, 'tolerations');
  const missing = drafts(old, 'tolerations').some(
    (each) => !now.some((other) => equals(withoutSeconds(each), withoutSeconds(other))),
  );
  return missing
    ? [
        fieldForbidden(
          'spec.tolerations',
          'existing toleration can not be modified except its tolerationSeconds',
        ),
      ]
    : [];
}

function withoutSeconds(toleration: Draft): Draft {
  const {tolerationSeconds: _, ...rest} = toleration;
  return rest;
}

function withoutUpdatable(spec: JsonObject): JsonObject {
  const withoutImage = (field: string) =>
    drafts(spec, field).map((container) => {
      const {image: _, ...rest} = container;
      return rest;
    });
  const {tolerations: _, activeDeadlineSeconds: __, schedulingGates: ___, ...rest} = spec;
  return {...rest, containers: withoutImage('containers'), initContainers: withoutImage('initContainers')};
}
