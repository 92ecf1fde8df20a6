import type {Pod} from './pod.ts';

/** How far ahead the next pod is looked for: between two that are asked for, a few may be left out. */
const WINDOW = 4;

/**
 * Whether a pod, or another value of it, is among these. Pods are mostly asked for in the order in which they are listed,
 * as caches keep both in the order of their creation: then a glance at the next one answers, and no set of uids is made.
 */
export function membershipIn(pods: readonly Pod[]): (pod: Pod) => boolean {
  let next = 0;
  let uids: ReadonlySet<string> | undefined;
  return (pod) => {
    for (let ahead = 0; ahead < WINDOW; ahead++) {
      if (pods[next + ahead] === pod) {
        next += ahead + 1;
        return true;
      }
    }
    if (pods[0] === pod) {
      next = 1;
      return true;
    }
    uids ??= new Set(pods.map(({uid}) => uid));
    return uids.has(pod.uid);
  };
}
