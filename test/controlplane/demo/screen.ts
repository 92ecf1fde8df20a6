import {styleText} from 'node:util';

/** One Deployment in the live table. */
export interface Row {
  readonly name: string;
  /** By node: one sign for each replica. */
  readonly cells: readonly string[];
  readonly ready: string;
  readonly state: string;
}

const legend = '● Ready   ○ starting   × ending';

/**
 * Lines that stay, and below them a table that is painted over in place. Where the output is no terminal, a row of the
 * table becomes a plain line each time it changes.
 */
export class Screen {
  readonly #stream: NodeJS.WriteStream;
  readonly #started = Date.now();
  readonly #printed = new Map<string, string>();
  #live: string[] = [];

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  say(line: string): void {
    this.#paintOver([line], this.#live);
  }

  heading(text: string): void {
    this.end();
    this.say(`\n${this.#style('bold', text)}\n`);
  }

  /** What has just happened, and why. */
  step(name: string, what: string, why: string): void {
    this.say(`${this.#style('gray', this.#seconds())}  ${name}  ${this.#style('cyan', what)}  ${why}`);
  }

  /** Replaces the table. */
  show(nodes: readonly string[], rows: readonly Row[]): void {
    if (this.#stream.isTTY) {
      const cells = rows.map(({name, cells, ready, state}) => [name, ...cells, ready, state]);
      const lines = align([['', ...nodes, 'Ready', 'state'], ...cells]);
      this.#paintOver([], ['', ...lines, this.#style('gray', `  ${legend}`)]);
      return;
    }
    for (const {name, cells, ready, state} of rows) {
      const line = `${name}  ${nodes.map((node, index) => `${node} ${cells[index] || '-'}`).join('  ')}  ${ready} Ready  ${state}`;
      if (this.#printed.get(name) !== line) {
        this.#printed.set(name, line);
        this.say(`${this.#seconds()}  ${line}`);
      }
    }
  }

  /** A table that stays. */
  table(header: readonly string[], rows: readonly (readonly string[])[]): void {
    this.say(align([header, ...rows]).join('\n'));
  }

  /** What the table shows now stays as it is. */
  end(): void {
    this.#live = [];
  }

  #paintOver(lines: readonly string[], live: readonly string[]): void {
    // Up to the first line of the table, and everything from there on away.
    const erase = this.#live.length === 0 ? '' : `\u001B[${this.#live.length}A\u001B[0J`;
    // A table row that wrapped would be two lines, and the next paint would begin too low.
    const width = this.#stream.columns ?? 80;
    const fitting = live.map((line) =>
      line.length > width && !line.includes('\u001B') ? line.slice(0, width) : line,
    );
    this.#stream.write(`${erase}${[...lines, ...fitting].map((line) => `${line}\n`).join('')}`);
    this.#live = [...live];
  }

  #seconds(): string {
    return `${((Date.now() - this.#started) / 1000).toFixed(1).padStart(5)} s`;
  }

  #style(format: 'bold' | 'cyan' | 'gray', text: string): string {
    return styleText(format, text, {stream: this.#stream});
  }
}

/** Columns as wide as their widest cell. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3)).join('')}`.trimEnd(),
  );
}
