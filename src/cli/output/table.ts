/** Tables as kubectl prints them: a heading in capitals, columns three spaces apart. */
import {spansOf, type Text, widthOf} from './text.ts';
import {paragraph, wrap} from './wrap.ts';

const GAP = 3;
/** Below that, a wrapped column is no longer readable, and the terminal may break the lines as it likes. */
const NARROWEST = 20;

export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
  /** Takes the width that the others leave, and is wrapped to it: one column of a table at most. */
  readonly wraps?: boolean;
  /** Is left out where the terminal is too narrow for all, the lowest number first. */
  readonly leavesAs?: number;
}

/** @param width of the terminal; undefined where there is none: then nothing is wrapped, for grep and awk */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Text[])[],
  width: number | undefined,
): Text[] {
  const left = columnsThatFit(columns, rows, width);
  const heading = columns.map(titleOf);
  const cells = [heading, ...rows].map((row) => row.filter((_, column) => left.has(column)));
  const missing = columns.filter((_, column) => !left.has(column)).map(titleOf);
  return [
    ...alignColumns(cells, {columns: columns.filter((_, column) => left.has(column)), width}),
    ...(missing.length === 0
      ? []
      : paragraph({text: `Too narrow for ${missing.join(', ')}; -o json has all.`, tone: 'dim'}, width)),
  ];
}

function titleOf({heading}: Column): string {
  return heading.toUpperCase();
}

/** Their numbers. */
function columnsThatFit(
  columns: readonly Column[],
  rows: readonly (readonly Text[])[],
  width = Number.POSITIVE_INFINITY,
): ReadonlySet<number> {
  const needs = columns.map(({heading, wraps}, column) => {
    const widest = Math.max(heading.length, ...rows.map((row) => widthOf(row[column] ?? '')));
    return wraps === true ? Math.min(widest, NARROWEST) : widest;
  });
  const left = new Set(columns.keys());
  const isTooWide = () => [...left].reduce((sum, column) => sum + (needs[column] ?? 0) + GAP, -GAP) > width;
  const leaving = [...columns.entries()]
    .filter(([, {leavesAs}]) => leavesAs !== undefined)
    .sort(([, a], [, b]) => (a.leavesAs ?? 0) - (b.leavesAs ?? 0));
  for (const [column] of leaving) {
    if (!isTooWide()) {
      break;
    }
    left.delete(column);
  }
  return left;
}

export interface AlignOptions {
  readonly columns?: readonly Omit<Column, 'heading'>[];
  readonly width?: number | undefined;
  readonly gap?: number;
  readonly indent?: number;
}

/** Columns as wide as their widest cell. */
export function alignColumns(
  rows: readonly (readonly Text[])[],
  {columns = [], width, gap = GAP, indent = 0}: AlignOptions = {},
): Text[] {
  const number = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({length: number}, (_, column) =>
    Math.max(0, ...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  const wrapped = columns.findIndex(({wraps}) => wraps === true);
  if (width !== undefined && wrapped >= 0) {
    const others = widths.reduce((sum, each, column) => sum + (column === wrapped ? 0 : each + gap), indent);
    widths[wrapped] = Math.min(widths[wrapped] ?? 0, Math.max(NARROWEST, width - others));
  }
  return rows.flatMap((row) => {
    const lines = wrapped < 0 ? [''] : wrap(row[wrapped] ?? '', widths[wrapped] ?? 0);
    return lines.map((line, index) => {
      const cells = widths.map((_, column) =>
        column === wrapped ? line : index === 0 ? (row[column] ?? '') : '',
      );
      return joined(cells, {widths, columns, gap, indent});
    });
  });
}

interface Layout {
  readonly widths: readonly number[];
  readonly columns: readonly Omit<Column, 'heading'>[];
  readonly gap: number;
  readonly indent: number;
}

function joined(cells: readonly Text[], {widths, columns, gap, indent}: Layout): Text {
  const last = cells.findLastIndex((cell) => widthOf(cell) > 0);
  return cells.slice(0, last + 1).flatMap((cell, column) => {
    const missing = ' '.repeat((widths[column] ?? 0) - widthOf(cell));
    const isRight = columns[column]?.align === 'right';
    const before = (column === 0 ? ' '.repeat(indent) : ' '.repeat(gap)) + (isRight ? missing : '');
    // Nothing after the last cell: a line that is copied has no spaces at its end.
    const after = isRight || column === last ? '' : missing;
    return [before, ...spansOf(cell), after].filter((part) => part !== '');
  });
}
