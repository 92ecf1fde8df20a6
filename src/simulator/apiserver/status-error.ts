/**
 * The errors of the API server, as Status objects in its wording.
 * Source: k8s.io/apimachinery/pkg/api/errors/errors.go and pkg/util/validation/field/errors.go.
 */

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** What names a resource in an error: its group and plural (or kind). */
export interface ResourceReference {
  readonly group: string;
  readonly plural: string;
}

export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  status(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : {reason: this.reason}),
      ...(this.details === undefined ? {} : {details: this.details}),
      code: this.code,
    };
  }
}

/** `deployments.apps`, or `pods`. */
function qualified({group, plural}: ResourceReference): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function detailsOf({group, plural}: ResourceReference, name: string): StatusDetails {
  return {...(name === '' ? {} : {name}), ...(group === '' ? {} : {group}), kind: plural};
}

export function notFound(resource: ResourceReference, name: string): StatusError {
  return new StatusError(
    404,
    'NotFound',
    `${qualified(resource)} ${JSON.stringify(name)} not found`,
    detailsOf(resource, name),
  );
}

export function alreadyExists(resource: ResourceReference, name: string): StatusError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} already exists`;
  return new StatusError(409, 'AlreadyExists', message, detailsOf(resource, name));
}

export function conflict(resource: ResourceReference, name: string, problem: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} ${JSON.stringify(name)}: ${problem}`;
  return new StatusError(409, 'Conflict', message, detailsOf(resource, name));
}

export function modified(resource: ResourceReference, name: string): StatusError {
  return conflict(
    resource,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

export function forbidden(resource: ResourceReference, name: string, problem: string): StatusError {
  const message =
    name === ''
      ? `${qualified(resource)} is forbidden: ${problem}`
      : `${qualified(resource)} ${JSON.stringify(name)} is forbidden: ${problem}`;
  return new StatusError(403, 'Forbidden', message, detailsOf(resource, name));
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message);
}

export function methodNotAllowed(resource: ResourceReference, action: string): StatusError {
  const message = `${action} is not supported on resources of kind ${JSON.stringify(qualified(resource))}`;
  return new StatusError(405, 'MethodNotAllowed', message, {
    ...(resource.group === '' ? {} : {group: resource.group}),
    kind: resource.plural,
  });
}

/** What the request router answers for a path that leads nowhere. */
export function genericNotFound(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** A problem of one field; its text is the one of apimachinery's field.Error. */
export interface FieldError {
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotFound';
  readonly field: string;
  /** Without the field. */
  readonly message: string;
}

export function required(field: string, detail = ''): FieldError {
  return {
    reason: 'FieldValueRequired',
    field,
    message: detail === '' ? 'Required value' : `Required value: ${detail}`,
  };
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return {reason: 'FieldValueInvalid', field, message: `Invalid value: ${quoteValue(value)}: ${detail}`};
}

export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return {reason: 'FieldValueTypeInvalid', field, message: `Invalid value: ${quoteValue(value)}: ${detail}`};
}

export function fieldForbidden(field: string, detail: string): FieldError {
  return {reason: 'FieldValueForbidden', field, message: `Forbidden: ${detail}`};
}

export function duplicate(field: string, value: unknown): FieldError {
  return {reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${quoteValue(value)}`};
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const values = supported.map((each) => JSON.stringify(each)).join(', ');
  const detail = values === '' ? '' : `: supported values: ${values}`;
  return {
    reason: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${quoteValue(value)}${detail}`,
  };
}

export function tooLong(field: string, maximum: number): FieldError {
  return {
    reason: 'FieldValueTooLong',
    field,
    message: `Too long: may not be more than ${maximum} bytes`,
  };
}

export function tooMany(field: string, actual: number, maximum: number): FieldError {
  return {
    reason: 'FieldValueTooMany',
    field,
    message: `Too many: ${actual}: must have at most ${maximum} items`,
  };
}

function quoteValue(value: unknown): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** 422 Unprocessable Entity with every field that is wrong. `kind` is the singular kind, as the real message has it. */
export function invalidObject(
  group: string,
  kind: string,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const all = errors.map(({field, message}) => `${field}: ${message}`);
  // apimachinery's aggregate removes repetitions and brackets several.
  const unique = [...new Set(all)];
  const text = unique.length === 1 ? unique[0] : `[${unique.join(', ')}]`;
  const title = group === '' ? kind : `${kind}.${group}`;
  return new StatusError(422, 'Invalid', `${title} ${JSON.stringify(name)} is invalid: ${text}`, {
    ...(name === '' ? {} : {name}),
    ...(group === '' ? {} : {group}),
    kind,
    causes: errors.map(({reason, message, field}) => ({reason, message, field})),
  });
}
