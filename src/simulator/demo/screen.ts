/** The terminal: lines that stay, and below them a picture that is painted over in place. */
import type {Output} from '../../cli/io.ts';
import {alignColumns} from '../../cli/output/table.ts';
import {paint, plain, type Span, type Tone} from '../../cli/output/text.ts';
import {WIDEST_PROSE, wrap} from '../../cli/output/wrap.ts';

export type {Span as Line, Tone} from '../../cli/output/text.ts';

const TIME_COLUMN = 9;

export class Screen {
  readonly #output: Output;
  #live: readonly Span[] = [];
  #isAfterBlank = false;

  constructor(output: Output) {
    this.#output = output;
  }

  get isLive(): boolean {
    return this.#output.isTerminal;
  }

  heading(text: string): void {
    this.#print([{text: ''}, ...this.#wrapped(text, 0, 'strong'), {text: ''}]);
  }

  say(text = '', tone?: Tone): void {
    this.#print(this.#wrapped(text, 0, tone));
  }

  /** As they are, without breaking long ones: commands and tables. */
  lines(lines: readonly string[]): void {
    this.#print(lines.map((text) => ({text})));
  }

  /** What happened at that time: `2:00`. */
  tell(time: string, text: string, tone?: Tone): void {
    const [first, ...others] = this.#wrapped(text, TIME_COLUMN, tone);
    this.#print([
      {...first, text: `${time.padStart(TIME_COLUMN - 2)}  ${first?.text.trimStart() ?? ''}`},
      ...others,
    ]);
  }

  /** Replaces the picture; where the output is no terminal, nothing is shown until it is kept. */
  show(picture: readonly Span[]): void {
    if (this.isLive) {
      this.#paint([], picture);
    }
  }

  /** The picture stays as it is now. */
  keep(picture: readonly Span[]): void {
    this.#paint([{text: ''}, ...picture, {text: ''}], []);
  }

  /** What the picture shows now stays, as when the story is broken off. */
  end(): void {
    this.#live = [];
  }

  #print(lines: readonly Span[]): void {
    this.#paint(lines, this.#live);
  }

  #paint(lines: readonly Span[], live: readonly Span[]): void {
    // One blank line at a time.
    const kept = this.#isAfterBlank && lines[0]?.text === '' ? lines.slice(1) : lines;
    // Up to the first line of the picture, and everything from there on away.
    const erase = this.#live.length === 0 ? '' : `\u001B[${this.#live.length}A\u001B[0J`;
    // A line of the picture that wrapped would be two, and the next paint would begin too low.
    const width = this.#width;
    const fitting = live.map((line) => ({...line, text: line.text.slice(0, width - 1)}));
    this.#output.write(`${erase}${[...kept, ...fitting].map((line) => `${this.#styled(line)}\n`).join('')}`);
    this.#live = [...live];
    this.#isAfterBlank = lines.length === 0 ? this.#isAfterBlank : lines.at(-1)?.text === '';
  }

  get #width(): number {
    return this.#output.width ?? WIDEST_PROSE;
  }

  #styled(line: Span): string {
    return paint(line, this.#output.hasColors);
  }

  /** Broken at spaces, each line indented. */
  #wrapped(text: string, indent: number, tone: Tone | undefined): Span[] {
    const width = Math.min(this.#width, WIDEST_PROSE) - indent - 1;
    return wrap(text, width).map((line) => ({
      text: `${' '.repeat(indent)}${plain(line)}`.trimEnd(),
      ...(tone === undefined ? {} : {tone}),
    }));
  }
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  return alignColumns(rows, {gap: 2, indent: 2}).map(plain);
}
