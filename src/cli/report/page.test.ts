import {beforeAll, describe, expect, it} from '@jest/globals';
import {pictureOf} from '../../foresight/picture-of.ts';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {buildReport} from './build-report.ts';
import {pageOf} from './page.ts';
import type {Report, Situation} from './report.ts';

/** Milliseconds, on a busy machine. */
const LONGEST = 120_000;
const HOSTILE = `"><script>alert(1)</script><b x='`;

describe('cli/report/page', () => {
  let report: Report;

  beforeAll(async () => {
    report = await buildReport({
      picture: pictureOf(moonlight()),
      namespace: undefined,
      scope: 'all namespaces of context "staging"',
      version: '1.2.3',
      tell: () => {},
      isBudgetSpent: () => false,
      findings: [
        {
          rule: 'a-rule',
          level: 'error',
          object: {kind: 'Deployment', namespace: 'moonlight', name: 'web'},
          position: {file: 'web.yaml', line: 7, column: 3},
          title: 'Something is wrong',
          why: ['because'],
          cure: {text: 'do this', yaml: 'a: 1'},
        },
        {
          rule: 'a-rule',
          level: 'note',
          object: {kind: 'Service', name: 'web'},
          position: {file: 'web.yaml', line: 9, column: 1},
          title: 'Something else',
          why: [],
          cure: {text: 'leave it'},
          suppressed: {by: 'annotation', reason: 'known'},
        },
      ],
    });
  }, LONGEST);

  it('cannot be made to run or to load what a name, a message or a manifest holds', () => {
    const hostile = everyText(report, (text) => `${text}${HOSTILE}`) as Report;

    const page = pageOf(hostile);

    expect(page.match(/<script|<b x/g)).toBeNull();
    // In all sections: wherever the report has words of others, these are there and harmless.
    expect(page.match(/&lt;script&gt;alert\(1\)&lt;\/script&gt;/g)?.length).toBeGreaterThan(50);
  });

  it('does not tell what was not judged to be harmless', () => {
    const unjudged: Situation = {
      ...report.now,
      losses: new Map(),
      services: new Map(),
      pairs: {total: 3, undecided: 3, harmful: 0, groups: []},
      isComplete: false,
    };

    const page = pageOf({...report, now: unjudged, after: unjudged, stories: []});

    expect(page).toContain('not every loss was judged');
    expect(page).toContain('not judged</span>');
    expect(page).not.toMatch(/takes no Service with it|nothing<\/span> but room|no one node, no pair/);
  });
});

/** The same value with each text in it changed, keys of maps included. */
function everyText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') {
    return KEYWORDS.has(value) ? value : change(value);
  }
  if (value instanceof Map) {
    return new Map([...value].map(([key, each]) => [everyText(key, change), everyText(each, change)]));
  }
  if (Array.isArray(value)) {
    return value.map((each) => everyText(each, change));
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, everyText(each, change)]))
    : value;
}

/** Values of this program, by which it decides. */
const KEYWORDS = new Set([
  'requests',
  'error',
  'warning',
  'note',
  'lost',
  'panicked',
  'Blocked',
  'Nothing',
  'Edit',
  'Move',
  'Wait',
]);
