/**
 * Lines that go on with a flow collection or a quoted text. YAML wants them further to the right than what they belong
 * to; the parser of kubectl does not mind, and many manifests close a bracket at the margin. Pure.
 */

/** Further to the right than anything in a manifest. */
const PADDING = ' '.repeat(200);

export interface PaddedText {
  readonly text: string;
  /** How many columns each line was moved, by its number from 1. */
  readonly padding: ReadonlyMap<number, number>;
}

export function padContinuationLines(text: string): PaddedText {
  const padding = new Map<number, number>();
  const scanner = new Scanner();
  const lines = text.split('\n').map((line, index) => {
    const isContinuation = scanner.isOpen && !line.startsWith('---');
    scanner.read(line);
    if (!isContinuation) {
      return line;
    }
    padding.set(index + 1, PADDING.length);
    return PADDING + line;
  });
  return {text: lines.join('\n'), padding};
}

/** As much of YAML as it takes to know where brackets and quotes are syntax. */
class Scanner {
  #depth = 0;
  #quote: string | undefined;
  /** Of the line that a block scalar belongs to: what is further to the right is its text. */
  #blockIndent: number | undefined;

  get isOpen(): boolean {
    return this.#depth > 0 || this.#quote !== undefined;
  }

  read(line: string): void {
    if (line.startsWith('---')) {
      this.#depth = 0;
      this.#quote = undefined;
      this.#blockIndent = undefined;
    }
    if (this.#blockIndent !== undefined && !this.isOpen) {
      if (line.trim() === '' || indentOf(line) > this.#blockIndent) {
        return;
      }
      this.#blockIndent = undefined;
    }
    if (!this.isOpen && /(?:^|[:\-?]\s+|\s)[|>][-+\d]*\s*(?:#.*)?$/.test(line)) {
      this.#blockIndent = /^[\s-]*/.exec(line)?.[0].length ?? 0;
      if (/^[\s-]*[|>]/.test(line)) {
        this.#blockIndent = indentOf(line);
      }
      return;
    }
    this.#readCharacters(line);
  }

  #readCharacters(line: string): void {
    for (let index = 0; index < line.length; index++) {
      const character = line[index] ?? '';
      if (this.#quote !== undefined) {
        if (character === '\\' && this.#quote === '"') {
          index++;
        } else if (character === this.#quote) {
          this.#quote = undefined;
        }
      } else if (character === '#' && /^$|\s$/.test(line.slice(0, index))) {
        return;
      } else if ('"\''.includes(character) && this.#isStart(line.slice(0, index))) {
        this.#quote = character;
      } else if ('[{'.includes(character) && (this.#depth > 0 || this.#isStart(line.slice(0, index)))) {
        this.#depth++;
      } else if (']}'.includes(character) && this.#depth > 0) {
        this.#depth--;
      }
    }
  }

  /** Whether a value may begin after this: elsewhere brackets and quotes are text. */
  #isStart(before: string): boolean {
    return this.#depth > 0
      ? /(?:^|[[{,:])\s*$/.test(before)
      : /(?:^\s*|[:\-?]\s+)(?:[&!]\S*\s+)*$/.test(before);
  }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
