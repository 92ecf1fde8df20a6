/** Computes once, and only when somebody asks. */
export function lazy<T>(compute: () => T): () => T {
  let value: {readonly computed: T} | undefined;
  return () => {
    value ??= {computed: compute()};
    return value.computed;
  };
}
