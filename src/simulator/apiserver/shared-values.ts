/** Values that nobody has asked for since so many new ones came are forgotten, so that a long run does not grow. */
const GENERATION = 2_000;

/** One value for all who ask with the same key: the ten thousand pods of a simulation differ in little. */
export class SharedValues<T> {
  #recent = new Map<string, T>();
  #older = new Map<string, T>();

  get(key: string, make: () => T): T {
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    const value = this.#older.get(key) ?? make();
    this.#recent.set(key, value);
    if (this.#recent.size > GENERATION) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    return value;
  }
}
