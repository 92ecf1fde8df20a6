/** A field as it is, some fields of it (of each item, in a list), or what becomes of it. */
export type Kept = true | KeptFields | ((value: unknown) => unknown);

export interface KeptFields {
  readonly [field: string]: Kept;
}

/** Undefined when nothing of it is kept. */
export function keep(value: unknown, kept: Kept): unknown {
  if (kept === true) {
    return value;
  }
  if (typeof kept === 'function') {
    return kept(value);
  }
  if (Array.isArray(value)) {
    return value.map((item) => keep(item, kept));
  }
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  const result: Record<string, unknown> = {};
  for (const [field, of] of Object.entries(kept)) {
    const found = (value as Readonly<Record<string, unknown>>)[field];
    const part = found === undefined || found === null ? undefined : keep(found, of);
    if (part !== undefined) {
      result[field] = part;
    }
  }
  return result;
}
