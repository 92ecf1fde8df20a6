import {describe, expect, it} from '@jest/globals';
import {alignColumns, table} from './table.ts';
import {paint, plain} from './text.ts';

const COLUMNS = [
  {heading: 'name'},
  {heading: 'moves', align: 'right'},
  {heading: 'message', wraps: true},
] as const;

describe('cli/output/table', () => {
  it('makes columns as wide as their widest cell', () => {
    const lines = table(
      COLUMNS,
      [
        ['web', '2', 'fine'],
        ['a-long-name', '10', ''],
      ],
      undefined,
    );

    expect(lines.map(plain)).toEqual([
      'NAME          MOVES   MESSAGE',
      'web               2   fine',
      'a-long-name      10',
    ]);
  });

  it('wraps one column to the terminal', () => {
    const lines = table(COLUMNS, [['web', '2', 'no node has room for one more of its replicas']], 40);

    expect(lines.map(plain)).toEqual([
      'NAME   MOVES   MESSAGE',
      'web        2   no node has room for one',
      '               more of its replicas',
    ]);
  });

  it('measures text, not colours', () => {
    const lines = alignColumns(
      [
        [{text: 'web', tone: 'bad'}, 'x'],
        ['redis', 'y'],
      ],
      {gap: 1},
    );

    expect(lines.map((line) => paint(line, true))).toEqual(['\u001B[31mweb\u001B[39m   x', 'redis y']);
  });
});
