import type {Node} from './node.ts';

/**
 * Which nodes hold an image, by each of its names: a list for each, as the nodes would have to be searched otherwise,
 * thousands of them with a hundred names each.
 */
export class ImageHolders<T extends {readonly node: Node}> {
  readonly #byName = new Map<string, T[]>();

  of(name: string): readonly T[] {
    return this.#byName.get(name) ?? [];
  }

  /** @param before what the holder held until now */
  set(holder: T, before: readonly string[]): void {
    const {names} = holder.node.images;
    const kept = new Set(names);
    for (const name of before) {
      if (!kept.delete(name)) {
        this.#remove(holder, name);
      }
    }
    for (const name of kept) {
      const holders = this.#byName.get(name);
      if (holders === undefined) {
        this.#byName.set(name, [holder]);
      } else {
        holders.push(holder);
      }
    }
  }

  delete(holder: T): void {
    for (const name of holder.node.images.names) {
      this.#remove(holder, name);
    }
  }

  #remove(holder: T, name: string): void {
    const holders = this.#byName.get(name) ?? [];
    const index = holders.indexOf(holder);
    if (index >= 0) {
      holders.splice(index, 1);
    }
    if (holders.length === 0) {
      this.#byName.delete(name);
    }
  }
}
