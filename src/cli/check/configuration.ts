/** The configuration file of `check`: which findings are silenced, and why. */
import {readFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {LineCounter, type Node, parseDocument} from 'yaml';
import {CHECK_RULES} from '../../foresight/check/check.ts';
import type {SuppressionEntry} from '../../foresight/check/suppression.ts';
import {InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';

const DEFAULT_FILE = '.spread-check.yaml';

/** Throws an InputError that names file and line. */
export async function readSuppressions(
  file: string | undefined,
  {directory}: Pick<CommandIo, 'directory'>,
): Promise<readonly SuppressionEntry[]> {
  let text: string;
  try {
    text = await readFile(resolve(directory, file ?? DEFAULT_FILE), 'utf8');
  } catch (error) {
    if (file === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw new InputError(
      `configuration ${file ?? DEFAULT_FILE} cannot be read: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  return parseSuppressions(text, file ?? DEFAULT_FILE);
}

function parseSuppressions(text: string, file: string): readonly SuppressionEntry[] {
  const lines = new LineCounter();
  const document = parseDocument(text, {lineCounter: lines, prettyErrors: false});
  const fail = (offset: number, message: string): never => {
    throw new InputError(`${file}:${Math.max(1, lines.linePos(offset).line)}: ${message}`);
  };
  const [broken] = document.errors;
  if (broken !== undefined) {
    fail(broken.pos[0], `not valid YAML: ${broken.message}`);
  }
  const content: unknown = document.toJS() ?? {};
  const entries = (content as {suppress?: unknown}).suppress ?? [];
  if (typeof content !== 'object' || Array.isArray(content) || !Array.isArray(entries)) {
    return fail(0, 'expected `suppress:` with a list of {rule, object, reason}');
  }
  return entries.map((entry: unknown, index): SuppressionEntry => {
    const offset = (document.getIn(['suppress', index], true) as Node | undefined)?.range?.[0] ?? 0;
    const {rule, object = '*', reason} = (entry ?? {}) as Record<string, unknown>;
    const ids = CHECK_RULES.map(({id}) => id);
    if (typeof rule !== 'string' || !ids.includes(rule)) {
      return fail(offset, `rule: expected one of ${ids.join(', ')}; found ${String(rule)}`);
    }
    if (typeof object !== 'string') {
      return fail(offset, `object: expected text such as "Deployment shop/web", found ${typeof object}`);
    }
    if (typeof reason !== 'string' || reason.trim() === '') {
      return fail(offset, 'reason: expected why this finding is no problem here; it is kept in the output');
    }
    return {rule, object, reason};
  });
}
