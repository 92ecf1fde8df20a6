/** Text as YAML documents, read the way kubectl reads it: YAML 1.1, and JSON objects one after the other. */
import {type Document, LineCounter, parseAllDocuments, type Tags} from 'yaml';
import {padContinuationLines} from './continuation-lines.ts';

export interface YamlText {
  readonly documents: readonly Document.Parsed[];
  /** What the offsets of the documents are about. */
  readonly text: string;
  /** Offset in the text to line and column, both from 1. */
  readonly linePosition: (offset: number) => {readonly line: number; readonly column: number};
}

/** Go's decoder leaves them as they are: a date, a time such as 1:30, bytes. */
const LEFT_AS_TEXT: ReadonlySet<string> = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set']);

export function yamlDocuments(text: string): YamlText {
  const documents = jsonParts(text).flatMap(parsed);
  if (documents.some(isBroken)) {
    const padded = padContinuationLines(text);
    const again = padded.padding.size === 0 ? documents : parsed(padded.text);
    if (!again.some(isBroken)) {
      return {documents: again, text: padded.text, linePosition: positionsIn(padded.text, padded.padding)};
    }
  }
  return {documents, text, linePosition: positionsIn(text, new Map())};
}

function isBroken({errors}: Document.Parsed): boolean {
  return errors.some(({code}) => code !== 'DUPLICATE_KEY');
}

function positionsIn(text: string, padding: ReadonlyMap<number, number>): YamlText['linePosition'] {
  const lineCounter = new LineCounter();
  lineCounter.addNewLine(0);
  for (const {index} of text.matchAll(/\n/g)) {
    lineCounter.addNewLine(index + 1);
  }
  return (offset) => {
    const {line, col} = lineCounter.linePos(Math.min(offset, text.length));
    return {line: Math.max(1, line), column: Math.max(1, col - (padding.get(line) ?? 0))};
  };
}

function parsed(text: string): Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    prettyErrors: false,
    version: '1.1',
    logLevel: 'error',
    customTags: asKubernetes,
  });
  return 'empty' in documents ? [] : documents;
}

function asKubernetes(tags: Tags): Tags {
  return tags.filter(
    (each) =>
      typeof each === 'string' ||
      !(LEFT_AS_TEXT.has(each.tag.replace('tag:yaml.org,2002:', '')) || each.format === 'TIME'),
  );
}

// `kubectl get -o json` piped twice gives `{…}{…}`, which is no YAML. Each object is padded with the lines before it, so
// that positions stay those of the whole.
function jsonParts(text: string): string[] {
  if (!/^\uFEFF?\s*\{/.test(text)) {
    return [text];
  }
  const ends = objectEnds(text);
  if (ends.length < 2) {
    return [text];
  }
  return ends.map((end, index) => {
    const start = ends[index - 1] ?? 0;
    return text.slice(0, start).replaceAll(/[^\n]/g, ' ') + text.slice(start, end);
  });
}

/** Where each top-level object ends; none where the braces do not match or something else is between. */
function objectEnds(text: string): number[] {
  const ends: number[] = [];
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === '\\') {
        index++;
      } else if (character === '"') {
        inString = false;
      }
    } else if (character === '"') {
      inString = true;
    } else if (character === '{') {
      depth++;
    } else if (character === '}') {
      depth--;
      if (depth === 0) {
        ends.push(index + 1);
      }
    } else if (depth === 0 && !/\s|\uFEFF/.test(character ?? '')) {
      return [];
    }
  }
  return depth === 0 && !inString ? ends : [];
}
