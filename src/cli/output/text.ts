/** Text for people: what is said, and with which tone. Where there are no colours, the words must be enough. */
import {styleText} from 'node:util';
import type {Output} from '../io.ts';

export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'strong';

export interface Span {
  readonly text: string;
  readonly tone?: Tone;
}

/** One line, or one cell of a table. */
export type Text = string | Span | readonly (string | Span)[];

const STYLES = {good: 'green', bad: 'red', warn: 'yellow', dim: 'gray', strong: 'bold'} as const;

export function spansOf(text: Text): readonly Span[] {
  const parts = typeof text === 'string' || 'text' in text ? [text] : text;
  return parts.map((part) => (typeof part === 'string' ? {text: part} : part));
}

export function plain(text: Text): string {
  return spansOf(text)
    .map((span) => span.text)
    .join('');
}

/** Columns of a terminal; every character that is used here takes one. */
export function widthOf(text: Text): number {
  return plain(text).length;
}

export function paint(text: Text, hasColors: boolean): string {
  return hasColors
    ? spansOf(text)
        .map(({text, tone}) =>
          tone === undefined || text === '' ? text : styleText(STYLES[tone], text, {validateStream: false}),
        )
        .join('')
    : plain(text);
}

export function linesText({hasColors}: Pick<Output, 'hasColors'>, lines: readonly Text[]): string {
  return lines.map((line) => `${paint(line, hasColors)}\n`).join('');
}

export function printLines(output: Output, lines: readonly Text[]): void {
  output.write(linesText(output, lines));
}

/** `1 move`, `3 moves` */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

export function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
