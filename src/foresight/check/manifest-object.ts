/** A Kubernetes object as somebody wrote it down, and where. */

export interface Position {
  /** As the user named it; `<stdin>` for standard input. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** A field by the names and indexes that lead to it: `['spec', 'template', 'spec', 'containers', 0, 'image']`. */
export type FieldPath = readonly (string | number)[];

export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent where the manifest names none, as of every cluster-scoped object. */
  readonly namespace?: string;
  readonly name: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** Of the field, or of the nearest one around it that the manifest has. */
  readonly locate: (path?: FieldPath) => Position;
}

/** `shop.yaml:12:3`, as compilers write it. */
export function describePosition({file, line, column}: Position): string {
  return `${file}:${line}:${column}`;
}

/** `spec.template.spec.containers[0].image` as a path, as the API server writes fields. */
export function fieldPath(field: string): FieldPath {
  return [...field.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([whole, key]) => {
    if (key === undefined) {
      return whole;
    }
    return /^\d+$/.test(key) ? Number(key) : key;
  });
}
