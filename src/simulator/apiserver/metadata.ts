/** Rules of metadata. Source: apimachinery/pkg/api/validation/objectmeta.go and pkg/util/validation/validation.go. */
import type {ApiObject} from '../cluster-api.ts';
import {asList, asObject, equals} from './json.ts';
import type {Resource} from './resources.ts';
import {type FieldError, fieldForbidden, invalid, required} from './status-error.ts';

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SERVICE_LABEL_MESSAGE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_PART_MESSAGE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const LABEL_NAMED = new Set(['namespaces']);
const PATH_NAMED = new Set(['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings']);

function tooLong(length: number): string {
  return `must be no more than ${length} bytes`;
}

/** What is wrong with a name, in the words of the server; empty when nothing is. */
function nameProblems(resource: Resource, name: string): string[] {
  if (PATH_NAMED.has(resource.plural)) {
    if (name === '.' || name === '..') return [`may not be '${name}'`];
    return ['/', '%'].filter((each) => name.includes(each)).map((each) => `may not contain '${each}'`);
  }
  if (resource.storage === 'services') {
    if (name.length > 63) return [tooLong(63)];
    return /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) ? [] : [SERVICE_LABEL_MESSAGE];
  }
  if (LABEL_NAMED.has(resource.storage)) return labelProblems(name);
  return subdomainProblems(name);
}

export function labelProblems(name: string): string[] {
  if (name.length > 63) return [tooLong(63)];
  return LABEL.test(name) ? [] : [LABEL_MESSAGE];
}

function subdomainProblems(name: string): string[] {
  if (name.length > 253) return [tooLong(253)];
  return SUBDOMAIN.test(name) ? [] : [SUBDOMAIN_MESSAGE];
}

export function qualifiedNameProblems(key: string): string[] {
  const parts = key.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? '';
  const problems: string[] = [];
  if (parts.length === 2) {
    if (parts[0] === '') problems.push('prefix part must be non-empty');
    else problems.push(...subdomainProblems(parts[0] ?? '').map((each) => `prefix part ${each}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push(`name part ${tooLong(63)}`);
  if (!QUALIFIED_NAME.test(name)) problems.push(NAME_PART_MESSAGE);
  return problems;
}

export function labelValueProblems(value: string): string[] {
  if (value.length > 63) return [tooLong(63)];
  return LABEL_VALUE.test(value) ? [] : [LABEL_VALUE_MESSAGE];
}

export function validateLabels(labels: unknown, path: string): FieldError[] {
  return Object.entries(asObject(labels)).flatMap(([key, value]) => [
    ...qualifiedNameProblems(key).map((problem) => invalid(path, key, problem)),
    ...labelValueProblems(String(value)).map((problem) => invalid(path, String(value), problem)),
  ]);
}

/** Of a new object and of a changed one. */
export function validateMetadata(resource: Resource, object: ApiObject): FieldError[] {
  const {metadata} = object;
  const errors: FieldError[] = [];
  if (metadata.name === undefined || metadata.name === '') {
    errors.push(required('metadata.name', 'name or generateName is required'));
  } else {
    errors.push(
      ...nameProblems(resource, metadata.name).map((each) => invalid('metadata.name', metadata.name, each)),
    );
  }
  errors.push(...validateLabels(metadata.labels, 'metadata.labels'));
  for (const key of Object.keys(metadata.annotations ?? {})) {
    // Annotations may be written in capitals, unlike label prefixes.
    errors.push(
      ...qualifiedNameProblems(key.toLowerCase()).map((each) => invalid('metadata.annotations', key, each)),
    );
  }
  for (const finalizer of metadata.finalizers ?? []) {
    errors.push(
      ...qualifiedNameProblems(finalizer).map((each) => invalid('metadata.finalizers', finalizer, each)),
    );
  }
  errors.push(...validateOwners(asList(metadata.ownerReferences)));
  return errors;
}

function validateOwners(owners: readonly unknown[]): FieldError[] {
  const errors: FieldError[] = [];
  let controllers = 0;
  for (const [index, owner] of owners.entries()) {
    const path = `metadata.ownerReferences[${index}]`;
    const reference = asObject(owner);
    for (const field of ['apiVersion', 'kind', 'name', 'uid']) {
      if (typeof reference[field] !== 'string' || reference[field] === '') {
        errors.push(
          field === 'apiVersion'
            ? invalid(`${path}.${field}`, reference[field] ?? '', 'version must not be empty')
            : required(`${path}.${field}`, 'must not be empty'),
        );
      }
    }
    if (reference['controller'] === true && ++controllers > 1) {
      errors.push(
        invalid('metadata.ownerReferences', owners, 'Only one reference can have Controller set to true'),
      );
    }
  }
  return errors;
}

/** ValidateObjectMetaUpdate: what may not change. */
export function validateMetadataUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const errors: FieldError[] = [];
  const {metadata} = object;
  if (old.metadata.deletionTimestamp !== undefined) {
    const before = new Set(old.metadata.finalizers ?? []);
    const added = (metadata.finalizers ?? []).filter((each) => !before.has(each));
    if (added.length > 0) {
      errors.push(
        fieldForbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((each) => JSON.stringify(each)).join(', ')}}`,
        ),
      );
    }
  }
  for (const field of [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const) {
    if (!equals(metadata[field], old.metadata[field])) {
      errors.push(invalid(`metadata.${field}`, metadata[field] ?? '', 'field is immutable'));
    }
  }
  return errors;
}
