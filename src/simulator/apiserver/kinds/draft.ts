/** Objects on their way in: decoded, not stored yet, and therefore still changed in place. */
import {isObject, type JsonObject} from '../json.ts';

export type Draft = Record<string, unknown>;

export function setDefault(draft: Draft, field: string, value: unknown): void {
  if (draft[field] === undefined) draft[field] = value;
}

/** The object in a field, made when it is missing. */
export function child(draft: Draft, field: string): Draft {
  const value = draft[field];
  if (isObject(value)) return value;
  const made: Draft = {};
  draft[field] = made;
  return made;
}

/** The object in a field, if there is one. */
export function childIfAny(draft: JsonObject | undefined, field: string): Draft | undefined {
  const value = draft?.[field];
  return isObject(value) ? value : undefined;
}

export function drafts(draft: JsonObject | undefined, field: string): Draft[] {
  const value = draft?.[field];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function text(draft: JsonObject | undefined, field: string): string {
  const value = draft?.[field];
  return typeof value === 'string' ? value : '';
}
