/**
 * Seeded randomness. xoshiro128** 1.1 by David Blackman and Sebastiano Vigna (https://prng.di.unimi.it/, public
 * domain), its state filled by the SplitMix32 mixer (the 32-bit finaliser of MurmurHash3, public domain).
 */
export class Random {
  readonly #seed: number;
  #state: Uint32Array;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    let mixed = this.#seed;
    this.#state = Uint32Array.from({length: 4}, () => {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      return mix(mixed);
    });
  }

  /** With the generator's own state, four words that are not all 0. */
  static fromState(state: readonly [number, number, number, number]): Random {
    const random = new Random(0);
    random.#state = Uint32Array.from(state);
    return random;
  }

  /**
   * A stream of its own for one consumer, so that another consumer's draws change nothing here: the scheduler's
   * choices stay the same when the kubelets start to draw.
   */
  fork(name: string): Random {
    return new Random(mix(this.#seed ^ hash32(name)));
  }

  /** Goes on as a stream that the text tells apart: what was drawn before, or would have been, says nothing of it. */
  divert(text: string): void {
    this.#state = this.fork(text).#state;
  }

  /** From 0 to 2^32 − 1. */
  next(): number {
    const s = this.#state;
    const [a = 0, b = 0, c = 0, d = 0] = s;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    s[2] = c ^ a;
    s[3] = d ^ b;
    s[1] = b ^ (s[2] ?? 0);
    s[0] = a ^ (s[3] ?? 0);
    s[2] = (s[2] ?? 0) ^ (b << 9);
    s[3] = rotate(s[3] ?? 0, 11);
    return result;
  }

  /** From 0 up to, but not including, 1. */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  /** From 0 up to, but not including, `limit`. */
  integer(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** Throws a RangeError when there is nothing to pick from. */
  pick<T>(values: readonly T[]): T {
    if (values.length === 0) {
      throw new RangeError('pick: expected at least one value, found none');
    }
    return values[this.integer(values.length)] as T;
  }

  /** As upstream's rand.String: lower-case consonants and digits, which spell no words by accident. */
  text(length: number): string {
    return Array.from({length}, () => SAFE_CHARACTERS[this.integer(SAFE_CHARACTERS.length)]).join('');
  }
}

// k8s.io/apimachinery/pkg/util/rand/rand.go
const SAFE_CHARACTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** rand.SafeEncodeString: each character replaced by one that spells no words. */
export function safeEncode(text: string): string {
  let encoded = '';
  for (let index = 0; index < text.length; index++) {
    encoded += SAFE_CHARACTERS[text.charCodeAt(index) % SAFE_CHARACTERS.length];
  }
  return encoded;
}

/** FNV-1a with 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/, public domain), over UTF-16 code units. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
