/** What happened, line by line: its end to read, all of it as a hash. */
import {createHash} from 'node:crypto';

const KEPT = 400;

export class Trace {
  readonly #hash = createHash('sha256');
  readonly #now: () => number;
  readonly #start: number;
  readonly #tell: ((line: string) => void) | undefined;
  #lines: string[] = [];
  #digest: string | undefined;

  /** `tell` hears every line as it is written. */
  constructor(now: () => number, tell?: (line: string) => void) {
    this.#now = now;
    this.#start = now();
    this.#tell = tell;
  }

  add(text: string): void {
    const line = `${((this.#now() - this.#start) / 1000).toFixed(3).padStart(9)} ${text}`;
    this.#hash.update(line);
    this.#hash.update('\n');
    this.#lines.push(line);
    if (this.#lines.length > 2 * KEPT) {
      this.#lines = this.#lines.slice(-KEPT);
    }
    this.#tell?.(line);
  }

  last(count: number): string[] {
    return this.#lines.slice(-count);
  }

  /** Of all lines; nothing can be added after it. */
  digest(): string {
    this.#digest ??= this.#hash.digest('hex');
    return this.#digest;
  }
}
