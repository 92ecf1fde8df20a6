import {isDeepStrictEqual} from 'node:util';

/** One text for each place at which the two values differ. */
export function differencesBetween(expected: unknown, actual: unknown, path: string): string[] {
  if (isDeepStrictEqual(expected, actual)) return [];
  if (isContainer(expected) && isContainer(actual) && Array.isArray(expected) === Array.isArray(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys].flatMap((key) => differencesBetween(expected[key], actual[key], `${path}.${key}`));
  }
  return [`  ${path}\n    real:      ${JSON.stringify(expected)}\n    simulated: ${JSON.stringify(actual)}`];
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
