/** Objectives and their changes: lists of integers, the first entry counting most. */

export function isLess(a: readonly number[], b: readonly number[]): boolean {
  return compareVectors(a, b) < 0;
}

/** Lexicographically; entries that one of them lacks count as 0. */
export function compareVectors(a: readonly number[], b: readonly number[]): number {
  const length = Math.max(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

export function isNegative(vector: readonly number[]): boolean {
  for (const value of vector) {
    if (value !== 0) {
      return value < 0;
    }
  }
  return false;
}

export function sumOf(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, index) => value + (b[index] ?? 0));
}
