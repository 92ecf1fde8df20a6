import {type Span, spansOf, type Text, widthOf} from './text.ts';

/** Longer lines are hard to read, however wide the terminal is. */
export const WIDEST_PROSE = 100;

interface Word {
  readonly spans: readonly Span[];
  readonly width: number;
}

/** Broken at spaces, so that no line is wider; a word that is wider by itself stays whole, so that it can be copied. */
export function wrap(text: Text, width: number): Text[] {
  const lines: Span[][] = [[]];
  let used = 0;
  for (const word of wordsOf(text)) {
    const isFirst = used === 0;
    if (!isFirst && used + 1 + word.width > width) {
      lines.push([...word.spans]);
      used = word.width;
    } else {
      lines.at(-1)?.push(...(isFirst ? [] : [{text: ' '}]), ...word.spans);
      used += word.width + (isFirst ? 0 : 1);
    }
  }
  return lines.map(simplest);
}

/** Prose under a margin; `first` stands in the margin of the first line. Not broken where the width is not known. */
export function paragraph(text: Text, width: number | undefined, indent = 0, first: Text = ''): Text[] {
  const lines =
    width === undefined ? [text] : wrap(text, Math.max(1, Math.min(width, WIDEST_PROSE + indent) - indent));
  return lines.map((line, index) => {
    const margin = index === 0 ? spansOf(first) : [];
    const gap = ' '.repeat(Math.max(0, indent - widthOf(margin)));
    return simplest([...margin, {text: gap}, ...spansOf(line)]);
  });
}

/** Words keep the tones of their parts. */
function wordsOf(text: Text): Word[] {
  const words: Span[][] = [[]];
  for (const span of spansOf(text)) {
    for (const [index, part] of span.text.split(' ').entries()) {
      if (index > 0) {
        words.push([]);
      }
      words.at(-1)?.push({...span, text: part});
    }
  }
  return words.map((spans) => ({spans, width: widthOf(spans)}));
}

/** Neighbours of one tone as one span, and a lone span without a tone as a string. */
function simplest(spans: readonly Span[]): Text {
  const merged: Span[] = [];
  for (const span of spans.filter(({text}) => text !== '')) {
    const last = merged.at(-1);
    if (last !== undefined && (last.tone === span.tone || span.text === ' ')) {
      merged[merged.length - 1] = {...last, text: last.text + span.text};
    } else {
      merged.push(span);
    }
  }
  const [only, ...more] = merged;
  return only === undefined ? '' : more.length === 0 && only.tone === undefined ? only.text : merged;
}
