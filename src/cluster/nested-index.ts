/** Values by two keys, such as namespace and name, without empty maps left behind. */
export type NestedIndex<T> = Map<string, Map<string, T>>;

export function putInto<T>(index: NestedIndex<T>, outer: string, inner: string, value: T): void {
  const values = index.get(outer);
  if (values === undefined) {
    index.set(outer, new Map([[inner, value]]));
  } else {
    values.set(inner, value);
  }
}

export function takeFrom<T>(index: NestedIndex<T>, outer: string, inner: string): void {
  const values = index.get(outer);
  values?.delete(inner);
  if (values?.size === 0) {
    index.delete(outer);
  }
}
