/** What a command answers to programs: one document, as JSON or YAML, of a kind that a schema describes. */
import {type Command, Option} from 'commander';
import {stringify} from 'yaml';
import type {Output} from '../io.ts';

export const DOCUMENT_API_VERSION = 'cli.spread-operator.io/v1alpha1';

export type DocumentFormat = 'json' | 'yaml';

export interface OutputOptions {
  readonly output?: DocumentFormat;
}

export function addOutputOption(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'a document for programs instead of text for people').choices([
      'json',
      'yaml',
    ]),
  );
}

/** @param content what follows `apiVersion` and `kind` */
export function documentText(format: DocumentFormat, kind: string, content: object): string {
  const document = {apiVersion: DOCUMENT_API_VERSION, kind, ...content};
  return format === 'json'
    ? `${JSON.stringify(document, undefined, 2)}\n`
    : toYaml(document, {isOneOf: false});
}

export function printDocument(output: Output, format: DocumentFormat, kind: string, content: object): void {
  output.write(documentText(format, kind, content));
}

/** @param isOneOf whether others follow in the same stream */
export function toYaml(document: object, {isOneOf}: {readonly isOneOf: boolean}): string {
  // JSON first: it drops what is undefined. Lines are not folded, so that messages can be searched for.
  const text = stringify(JSON.parse(JSON.stringify(document)), {lineWidth: 0, aliasDuplicateObjects: false});
  return isOneOf ? `---\n${text}` : text;
}
