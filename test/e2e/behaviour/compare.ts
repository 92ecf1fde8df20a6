// Carries the same acts out on two clusters and tells where what became of them differs.
import {setTimeout as sleep} from 'node:timers/promises';
import {isDeepStrictEqual} from 'node:util';

import type {RunningControlPlane} from '../../controlplane/running-control-plane.ts';
import {differencesBetween} from '../conformance/differences.ts';
import {type Act, namespace} from './acts.ts';
import {fieldsOf, type Picture, pictureOf} from './picture.ts';

export interface BehaviourComparison {
  readonly acts: number;
  /** Values that were compared, all acts together. */
  readonly fields: number;
  /** One text for each act after which the two were not the same. */
  readonly differences: readonly string[];
}

const lookMilliseconds = 250;
/** Both have not changed for so long, and are the same. */
const quietMilliseconds = 1_250;
/** Longer than the longest wait in an act: a drain, a node that comes back. */
const limitMilliseconds = 20_000;

export async function compareBehaviour(
  real: RunningControlPlane,
  simulated: RunningControlPlane,
  acts: readonly Act[],
): Promise<BehaviourComparison> {
  let fields = 0;
  const differences: string[] = [];
  for (const {title, run} of acts) {
    const answers = await Promise.all([run(real), run(simulated)]);
    const [expected, actual] = await settle(real, simulated);
    fields += fieldsOf(expected);
    const found = [
      ...differencesBetween(textOnly(answers[0]), textOnly(answers[1]), 'answer'),
      ...differencesBetween(expected, actual, ''),
    ];
    if (found.length > 0) {
      differences.push([`${title}:`, ...found].join('\n'));
    }
  }
  return {acts: acts.length, fields, differences};
}

/** Until both are the same and at rest, or the time is over. */
async function settle(
  real: RunningControlPlane,
  simulated: RunningControlPlane,
): Promise<readonly [Picture, Picture]> {
  const look = () => Promise.all([pictureOf(real, namespace), pictureOf(simulated, namespace)]);
  const deadline = Date.now() + limitMilliseconds;
  let last = await look();
  let since = Date.now();
  while (Date.now() < deadline) {
    await sleep(lookMilliseconds);
    const next = await look();
    if (!isDeepStrictEqual(next, last)) {
      last = next;
      since = Date.now();
    } else if (isDeepStrictEqual(last[0], last[1]) && Date.now() - since >= quietMilliseconds) {
      break;
    }
  }
  return last;
}

/** What a client was told; objects carry uids and times, and are in the picture anyway. */
function textOnly(answer: unknown): unknown {
  return typeof answer === 'string' || Array.isArray(answer) ? answer : undefined;
}
