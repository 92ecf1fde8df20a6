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

  it('leaves columns out where the terminal is too narrow for all, the least of them first, and says so', () => {
    const columns = [
      {heading: 'name'},
      {heading: 'skew', align: 'right', leavesAs: 1},
      {heading: 'moves', align: 'right', leavesAs: 2},
      {heading: 'message', wraps: true},
    ] as const;
    const rows = [['a-long-name', '3', '2', 'no node has room for it']];
    const linesAt = (width: number) => table(columns, rows, width).map(plain);

    expect(linesAt(49)[0]).toBe('NAME          SKEW   MOVES   MESSAGE');
    expect(linesAt(42)).toEqual([
      'NAME          MOVES   MESSAGE',
      'a-long-name       2   no node has room for',
      '                      it',
      'Too narrow for SKEW; -o json has all.',
    ]);
    expect(linesAt(41)).toEqual([
      'NAME          MESSAGE',
      'a-long-name   no node has room for it',
      'Too narrow for SKEW, MOVES; -o json has',
      'all.',
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
