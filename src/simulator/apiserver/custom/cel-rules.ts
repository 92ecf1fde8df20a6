/**
 * x-kubernetes-validations: rules in CEL, evaluated with @bufbuild/cel.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go.
 *
 * Covered is the language itself with its standard functions and macros, `self` and `oldSelf`. Not covered: Kubernetes'
 * own libraries (quantity, ip, cidr, semver, format, url, isSorted, sum, authorizer), optional types (`optionalOldSelf`
 * rules are left out), field names that need escaping such as `__namespace__`, compile-time type checks and cost
 * budgets. A rule that uses what is not covered fails at evaluation, which refuses the object instead of passing it.
 */
import {type CelInput, celEnv, isCelError, parse, plan} from '@bufbuild/cel';
import {strings} from '@bufbuild/cel/ext';
import {equals, isObject} from '../json.ts';
import type {FieldError} from '../status-error.ts';
import type {OpenApiSchema} from '../structure.ts';
import {oldItems} from './validate.ts';

type Rule = NonNullable<OpenApiSchema['x-kubernetes-validations']>[number];
type Program = (bindings: Record<string, CelInput>) => unknown;

const environment = celEnv({funcs: strings});
const programs = new Map<string, Program | Error>();

export function validateRules(
  schema: OpenApiSchema,
  value: unknown,
  old: unknown,
  path: string,
): FieldError[] {
  if (value === undefined || value === null) return [];
  const errors: FieldError[] = [];
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    errors.push(...checkRule(schema, rule, value, old, path));
  }
  if (Array.isArray(value)) {
    const {items} = schema;
    if (items === undefined) return errors;
    const before = oldItems(schema, old);
    for (const [index, each] of value.entries()) {
      errors.push(...validateRules(items, each, before(each), `${path}[${index}]`));
    }
  } else if (isObject(value)) {
    const before = isObject(old) ? old : {};
    for (const [name, each] of Object.entries(value)) {
      const property = schema.properties?.[name];
      const additional =
        typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
      if (property !== undefined) {
        errors.push(...validateRules(property, each, before[name], path === '' ? name : `${path}.${name}`));
      } else if (additional !== undefined) {
        errors.push(...validateRules(additional, each, before[name], `${path}[${name}]`));
      }
    }
  }
  return errors;
}

function checkRule(
  schema: OpenApiSchema,
  rule: Rule,
  value: unknown,
  old: unknown,
  path: string,
): FieldError[] {
  const usesOld = /\boldSelf\b/.test(rule.rule);
  // A transition rule needs something to compare with; other rules do not complain about what stays as it was.
  if (usesOld ? old === undefined : old !== undefined && equals(value, old)) return [];
  const bindings: Record<string, CelInput> = {self: celValue(schema, value)};
  if (usesOld) bindings['oldSelf'] = celValue(schema, old);
  const result = evaluate(rule.rule, bindings);
  if (result === true) return [];
  if (result instanceof Error) {
    return [
      {
        reason: 'FieldValueInvalid',
        field: path,
        message: `Invalid value: ${JSON.stringify(schema.type)}: ${result.message} evaluating rule: ${rule.message ?? rule.rule}`,
      },
    ];
  }
  const said = rule.messageExpression === undefined ? undefined : evaluate(rule.messageExpression, bindings);
  const detail = typeof said === 'string' ? said : (rule.message ?? `failed rule: ${rule.rule}`).trim();
  return [failure(rule, value, `${path}${rule.fieldPath ?? ''}`, detail)];
}

function failure(rule: Rule, value: unknown, field: string, detail: string): FieldError {
  switch (rule.reason ?? '') {
    case 'FieldValueForbidden':
      return {reason: 'FieldValueForbidden', field, message: `Forbidden: ${detail}`};
    case 'FieldValueRequired':
      return {reason: 'FieldValueRequired', field, message: `Required value: ${detail}`};
    case 'FieldValueDuplicate':
      return {reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${JSON.stringify(value)}`};
    default: {
      // Whole objects and lists are not printed.
      const shown = typeof value === 'object' ? '' : `${JSON.stringify(value)}: `;
      return {reason: 'FieldValueInvalid', field, message: `Invalid value: ${shown}${detail}`};
    }
  }
}

function evaluate(expression: string, bindings: Record<string, CelInput>): unknown {
  const program = programOf(expression);
  if (program instanceof Error) return program;
  const result = program(bindings);
  return isCelError(result) ? new Error(result.message) : result;
}

function programOf(expression: string): Program | Error {
  let program = programs.get(expression);
  if (program === undefined) {
    try {
      program = plan(environment, parse(expression)) as Program;
    } catch (error) {
      program = error instanceof Error ? error : new Error(String(error));
    }
    programs.set(expression, program);
  }
  return program;
}

/** JSON has one kind of number, CEL has several: the schema says which is meant. */
function celValue(schema: OpenApiSchema | undefined, value: unknown): CelInput {
  if (typeof value === 'number') {
    return schema?.type === 'number' || !Number.isInteger(value) ? value : BigInt(value);
  }
  if (Array.isArray(value)) return value.map((each) => celValue(schema?.items, each));
  if (isObject(value)) {
    const additional =
      typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    return new Map(
      Object.entries(value).map(([name, each]) => [
        name,
        celValue(schema?.properties?.[name] ?? additional, each),
      ]),
    );
  }
  return value as CelInput;
}
