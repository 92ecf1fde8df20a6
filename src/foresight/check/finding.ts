/** What `check` has to say: one thing that is wrong, where, why, and what cures it. */
import type {ManifestObject, Position} from './manifest-object.ts';

/** `error`: it will not work. `warning`: it works until something ordinary happens. `note`: worth to know. */
export type Level = 'error' | 'warning' | 'note';

/** The worst first. */
export const LEVELS: readonly Level[] = ['error', 'warning', 'note'];

export interface ObjectReference {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface Finding {
  /** As its page in docs/findings/ is called. */
  readonly rule: string;
  readonly level: Level;
  readonly object: ObjectReference;
  readonly position: Position;
  /** What is wrong, in one sentence. */
  readonly title: string;
  /** What leads to it and what follows from it; line by line. */
  readonly why: readonly string[];
  /** What to do: a sentence, and the YAML for it where there is one. */
  readonly cure: {readonly text: string; readonly yaml?: string};
  readonly suppressed?: Suppression;
}

export interface Suppression {
  readonly by: 'annotation' | 'configuration';
  readonly reason: string;
}

export interface Rule {
  readonly id: string;
  /** One sentence for lists of rules. */
  readonly summary: string;
}

/** `Deployment shop/web` */
export function describeObject({kind, namespace, name}: ObjectReference): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

export function referenceOf(
  {kind, name, namespace}: Pick<ManifestObject, 'kind' | 'name' | 'namespace'>,
  defaultNamespace?: string,
): ObjectReference {
  const inNamespace = namespace ?? defaultNamespace;
  return {kind, name, ...(inNamespace === undefined ? {} : {namespace: inNamespace})};
}

/** Whether the finding is at least as bad as the level. */
export function reaches({level}: Pick<Finding, 'level'>, least: Level): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(least);
}

/** By file and line; the worse first where both are the same. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    compare(a.position.file, b.position.file) ||
    a.position.line - b.position.line ||
    LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) ||
    compare(a.rule, b.rule)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
