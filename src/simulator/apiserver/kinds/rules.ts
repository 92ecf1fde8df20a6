/** Checks that several kinds share: apimachinery/pkg/apis/meta/v1/validation and pkg/api/validation. */
import {equals} from '../json.ts';
import {labelValueProblems, qualifiedNameProblems} from '../metadata.ts';
import {type FieldError, fieldForbidden, invalid, required} from '../status-error.ts';
import {childIfAny, type Draft, drafts, text} from './draft.ts';

export function immutable(field: string, value: unknown, old: unknown): FieldError[] {
  return equals(value, old) ? [] : [invalid(field, value ?? null, 'field is immutable')];
}

export function nonNegative(field: string, value: unknown): FieldError[] {
  if (typeof value !== 'number' || value >= 0) return [];
  return [invalid(field, value, 'must be greater than or equal to 0')];
}

/** A count, or a percentage of at most 100. */
export function validateCountOrPercent(field: string, value: unknown): FieldError[] {
  if (typeof value === 'number') return nonNegative(field, value);
  const match = /^(\d+)%$/.exec(String(value));
  if (match === null) {
    return [
      invalid(
        field,
        value,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ),
    ];
  }
  return Number(match[1]) > 100 ? [invalid(field, value, 'must not be greater than 100%')] : [];
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

export function validateSelector(path: string, selector: unknown): FieldError[] {
  const draft = selector as Draft;
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(childIfAny(draft, 'matchLabels') ?? {})) {
    errors.push(
      ...qualifiedNameProblems(key).map((problem) => invalid(`${path}.matchLabels`, key, problem)),
      ...labelValueProblems(String(value)).map((problem) =>
        invalid(`${path}.matchLabels`, String(value), problem),
      ),
    );
  }
  for (const [index, requirement] of drafts(draft, 'matchExpressions').entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    const operator = text(requirement, 'operator');
    const values = Array.isArray(requirement['values']) ? requirement['values'] : [];
    if (!OPERATORS.includes(operator))
      errors.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'));
    else if (['In', 'NotIn'].includes(operator) && values.length === 0) {
      errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (['Exists', 'DoesNotExist'].includes(operator) && values.length > 0) {
      errors.push(
        fieldForbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      );
    }
    const key = text(requirement, 'key');
    errors.push(...qualifiedNameProblems(key).map((problem) => invalid(`${at}.key`, key, problem)));
  }
  return errors;
}
