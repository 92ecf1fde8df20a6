import {describe, expect, it} from '@jest/globals';
import {caseNumber, tell} from '../../../test/scenarios/case-numbers.ts';
import {cpuDemandOf} from '../cpu-demand.ts';
import {lossOf} from '../loss.ts';
import {verdictOf} from '../loss-verdict.ts';
import {nodesThatAnswer} from '../nodes-that-answer.ts';
import {randomPicture} from '../testing/random-picture.ts';
import {ProvenVerdicts} from './proven-verdicts.ts';

/** More of them: RANDOM_CLUSTERS=200; others: RANDOM_SEED=1000. */
const CLUSTERS = caseNumber('RANDOM_CLUSTERS', 20);
const FIRST = caseNumber('RANDOM_SEED', 1);
const OPTIONS = {horizonSeconds: 1500};

describe('foresight/proofs', () => {
  it('says of every loss that it decides what the full simulation says', () => {
    let proven = 0;
    let harmful = 0;
    let sets = 0;
    for (let seed = FIRST; seed < FIRST + CLUSTERS; seed++) {
      const picture = randomPicture(seed);
      const verdicts = new ProvenVerdicts(picture, cpuDemandOf(picture), OPTIONS, 2);
      for (const lost of pairsAndSingles(nodesThatAnswer(picture))) {
        const verdict = verdicts.of(lost);
        sets++;
        if (verdict === undefined) {
          continue;
        }
        proven++;
        harmful += Number(verdict.servicesDown.length + verdict.pending.length > 0);
        const simulated = verdictOf(lossOf(picture, lost, OPTIONS));
        expect({seed, lost, ...verdict}).toEqual({seed, lost, ...simulated});
      }
    }

    tell([`${proven} of ${sets} losses proven, ${harmful} of them harmful`]);
    expect(proven).toBeGreaterThan(sets / 5);
    expect(harmful).toBeGreaterThan(0);
  }, 600_000);
});

function pairsAndSingles(nodes: readonly string[]): string[][] {
  return nodes.flatMap((a, index) => [[a], ...nodes.slice(index + 1).map((b) => [a, b])]);
}
