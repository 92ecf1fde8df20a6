export interface Row<T> {
  readonly pods: number;
  readonly value: T;
}

export type Columns<T> = Readonly<Record<string, (value: T, before: T | undefined) => string>>;

/** A table in Markdown, so that it can be put into a document as it is. */
export function formatTable<T>(rows: readonly Row<T>[], columns: Columns<T>): string {
  const cells = rows.map(({pods, value}, index) => [
    pods.toLocaleString('en-US'),
    ...Object.values(columns).map((cell) => cell(value, rows[index - 1]?.value)),
  ]);
  const header = ['pods', ...Object.keys(columns)];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => `${'-'.repeat(width - 1)}:`).join(' | ')} |`;
  return [line(header), rule, ...cells.map(line)].join('\n');
}

export function printTable<T>(title: string, rows: readonly Row<T>[], columns: Columns<T>): void {
  console.log(`${title}\n\n${formatTable(rows, columns)}\n`);
}
