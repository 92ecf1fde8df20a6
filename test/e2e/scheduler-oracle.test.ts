import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {schedulingCase} from '../oracle/cases.ts';
import {comparable, judge} from '../oracle/compare.ts';
import {SchedulerOracle} from '../oracle/oracle.ts';
import {REGRESSIONS} from '../oracle/regressions.ts';

const CASES = Number(process.env['ORACLE_CASES'] ?? 10_000);

describe('the scheduling plugins against kube-scheduler’s own', () => {
  let oracle: SchedulerOracle;

  beforeAll(async () => {
    oracle = await SchedulerOracle.start();
  }, 20 * 60_000);

  afterAll(async () => {
    await oracle[Symbol.asyncDispose]();
  });

  it.each(Object.entries(REGRESSIONS))('agree that %s', async (_lesson, input) => {
    const expected = comparable(await oracle.judge(input));

    expect(comparable(judge(input))).toEqual(expected);
  });

  it(
    'agree on every node of random clusters, reason for reason and score for score',
    async () => {
      const counts = {verdicts: 0, feasible: 0, scores: 0, byReason: new Map<string, number>()};

      await fc.assert(
        fc.asyncProperty(schedulingCase, async (input) => {
          const expected = comparable(await oracle.judge(input));

          expect(comparable(judge(input))).toEqual(expected);

          counts.verdicts += input.nodes.length;
          counts.feasible += expected.feasible.length;
          counts.scores += Object.keys(expected.scores).length;
          for (const {plugin, reasons} of [
            ...Object.values(expected.refusals),
            ...(expected.pod ? [expected.pod] : []),
          ]) {
            for (const reason of reasons) {
              const withoutNames = reason.replaceAll(/"[^"]*"|(?<=PVC |pod )\S+\/\S+/g, '…');
              const key = `${plugin}: ${withoutNames}`;
              counts.byReason.set(key, (counts.byReason.get(key) ?? 0) + 1);
            }
          }
        }),
        {numRuns: CASES},
      );

      console.log(
        `${counts.verdicts} (pod, node) verdicts equal: ${counts.feasible} feasible, ` +
          `${counts.scores} of them scored; refused:\n` +
          [...counts.byReason]
            .map(([reason, count]) => `${reason} (${count})`)
            .sort()
            .join('\n'),
      );
    },
    10 * 60_000,
  );
});
