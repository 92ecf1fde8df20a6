/** docs/api.md explains every reason and state that a user can meet. */
import {readFile} from 'node:fs/promises';
import {describe, expect, it} from '@jest/globals';
import {conditionReasons} from '../../src/api/conditions.ts';
import {EXCLUDE_ANNOTATION, FIELD_MANAGER, FINALIZER} from '../../src/api/names.ts';
import {spreadPolicySchema} from '../../src/api/schema.ts';

const reference = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
const workload = spreadPolicySchema.properties.status.properties.workloads.items.properties;

describe('docs/api.md', () => {
  it.each(Object.entries(conditionReasons))('explains the reasons of %s', (type, reasons) => {
    expect(reasonsIn(`### ${type}`)).toEqual([...reasons].toSorted());
  });

  it('explains the states of a workload', () => {
    expect(reasonsIn('## The state of a workload')).toEqual([...workload.state.enum].toSorted());
  });

  it('explains why a workload is blocked', () => {
    expect(reasonsIn('## Why a workload is blocked')).toEqual(
      [...workload.blocked.properties.reason.enum].toSorted(),
    );
  });

  it('names the things by their names', () => {
    for (const name of [EXCLUDE_ANNOTATION, FIELD_MANAGER, FINALIZER]) {
      expect(reference).toContain(name);
    }
  });
});

/** The words in the leading columns (`True | `Spread` |`) of the table below a heading. */
function reasonsIn(heading: string): string[] {
  const section = reference.split(`\n${heading}\n`)[1]?.split(/\n#/)[0] ?? '';
  const cells = section
    .split('\n')
    .map((line) => /^\| (?:(?:True|False) \| )?(`[^|]*`) \|/.exec(line)?.[1])
    .filter((cell) => cell !== undefined && !cell.includes('status.'));
  return [
    ...new Set(
      cells.flatMap((cell) => [...(cell?.matchAll(/`(\w+)`/g) ?? [])].map(([, word]) => word ?? '')),
    ),
  ].toSorted();
}
