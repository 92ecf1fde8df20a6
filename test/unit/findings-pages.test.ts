/** The pages of docs/findings: the example of each is found, its cure is clean, and what silences it does. */
import {readdirSync, readFileSync} from 'node:fs';
import {describe, expect, it} from '@jest/globals';
import {CHECK_RULES} from '../../src/foresight/check/check.ts';
import {reaches} from '../../src/foresight/check/finding.ts';
import {checkYaml} from '../../src/foresight/check/testing/check-yaml.ts';

const PAGES = new URL('../../docs/findings/', import.meta.url);

function page(rule: string): string {
  return readFileSync(new URL(`${rule}.md`, PAGES), 'utf8');
}

function yamlUnder(rule: string, heading: string): string {
  const section = page(rule).split(`## ${heading}\n`)[1] ?? '';
  return /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
}

describe('docs/findings', () => {
  it('has one page for each rule, in the list of all', () => {
    const pages = readdirSync(PAGES).filter((file) => file !== 'README.md');
    const list = readFileSync(new URL('README.md', PAGES), 'utf8');

    expect(pages.sort()).toEqual(CHECK_RULES.map(({id}) => `${id}.md`).sort());
    for (const {id, summary} of CHECK_RULES) {
      expect(list).toContain(`[${id}](${id}.md)`);
      expect(page(id)).toContain(summary);
    }
  });

  it.each(CHECK_RULES.map(({id}) => id))(
    '%s: its example is found, and its cure has no finding left',
    (rule) => {
      const before = checkYaml(yamlUnder(rule, 'Example')).findings;
      const after = checkYaml(yamlUnder(rule, 'Cure')).findings;

      expect(before.map((finding) => finding.rule)).toContain(rule);
      expect(after.filter((finding) => finding.rule === rule && reaches(finding, 'warning'))).toEqual([]);
    },
  );
});
