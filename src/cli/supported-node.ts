/** Which Node this program needs. Imports nothing, so that an older one gets as far as to be told. */

/** The published package says the same; a checkout brings its own Node. The HTTP client of @kubernetes/client-node needs it. */
export const OLDEST_NODE = '22.19.0';

/** What to tell the user; undefined when the version will do. */
export function unsupportedNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
    ? undefined
    : `this is Node ${version}, kubectl spread needs ${OLDEST_NODE} or newer: update Node, or use the single executable`;
}
