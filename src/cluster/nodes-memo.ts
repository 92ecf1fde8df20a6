/** Templates differ little in what they ask of nodes. Where they differ more, as in their images, the last ones are kept. */
const MOST_KEYS = 64;

/**
 * Keeps what was computed from the nodes alone, as long as none of them changes: on a large cluster thousands of
 * workloads ask the same about the same nodes. Nothing may enter into it but what the version stands for: `nodesVersion`
 * or `imagesVersion` of a snapshot.
 */
export class NodesMemo<T> {
  readonly #byVersion = new WeakMap<object, Map<string, T>>();

  get(version: object, key: string, compute: () => T): T {
    let values = this.#byVersion.get(version);
    if (values === undefined) {
      values = new Map();
      this.#byVersion.set(version, values);
    }
    let value = values.get(key);
    if (value === undefined) {
      value = compute();
      const [oldest] = values.size >= MOST_KEYS ? values.keys() : [];
      if (oldest !== undefined) {
        values.delete(oldest);
      }
      values.set(key, value);
    }
    return value;
  }
}
