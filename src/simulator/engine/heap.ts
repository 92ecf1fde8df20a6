/** A binary heap: the first by `isBefore` is always at hand. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    let index = this.#items.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#precedes(index, parent)) {
        return;
      }
      this.#swap(index, parent);
      index = parent;
    }
  }

  pop(): T | undefined {
    const first = this.#items[0];
    const last = this.#items.pop();
    if (this.#items.length > 0) {
      this.#items[0] = last as T;
      this.#sink();
    }
    return first;
  }

  #sink(): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      let first = index;
      for (const child of [left, left + 1]) {
        if (child < this.#items.length && this.#precedes(child, first)) {
          first = child;
        }
      }
      if (first === index) {
        return;
      }
      this.#swap(index, first);
      index = first;
    }
  }

  #precedes(left: number, right: number): boolean {
    return this.#isBefore(this.#items[left] as T, this.#items[right] as T);
  }

  #swap(left: number, right: number): void {
    const kept = this.#items[left] as T;
    this.#items[left] = this.#items[right] as T;
    this.#items[right] = kept;
  }
}
