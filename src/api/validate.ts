/**
 * What the operator itself refuses although the API server has accepted it: features that it does not have yet, names
 * that only this runtime can check (time zones), and mistakes that were stored before the schema forbade them. A
 * policy with a problem becomes Stalled, and nothing of it is acted on.
 */
import {
  conforms,
  cronSchedule,
  labelKey,
  labelValue,
  type Syntax,
  timeZone,
  windowDuration,
} from './syntax.ts';
import type {Eviction, HotNodes, LabelSelector, SeparateFrom, SpreadPolicy, Topology} from './types.ts';

export interface Problem {
  /** `spec.eviction.windows[0].schedule` */
  field: string;
  /** What to do about it; completes the field: "spec.eviction.strategy: Surge is not supported yet; use Evict". */
  message: string;
  /** `Unsupported` means a later version of the operator may accept it. */
  kind: 'Invalid' | 'Unsupported';
}

/** Expects the defaulted form. No problems, no list entries. */
export function validatePolicy({spec}: Pick<SpreadPolicy, 'spec'>): Problem[] {
  return [
    ...validateSelector(spec.selector, 'spec.selector'),
    ...validateTopologies(spec.topologies, 'spec.topologies'),
    ...(spec.separateFrom ?? []).flatMap((entry, index) =>
      validateSeparateFrom(entry, `spec.separateFrom[${index}]`),
    ),
    ...validateEviction(spec.eviction, 'spec.eviction'),
    ...validateHotNodes(spec.hotNodes, 'spec.hotNodes'),
    ...(spec.scaleDown === 'PreferSpread'
      ? [unsupported('spec.scaleDown', 'PreferSpread is not supported yet; leave it out or use Default')]
      : []),
  ];
}

/** One line for a condition or a terminal: `spec.scaleDown: PreferSpread is not supported yet; …`. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({field, message}) => `${field}: ${message}`).join('. ');
}

function validateSelector(selector: LabelSelector, field: string): Problem[] {
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    problems.push(...validateSyntax(key, labelKey, `${field}.matchLabels`));
    problems.push(...validateSyntax(value, labelValue, `${field}.matchLabels[${key}]`));
  }
  for (const [index, {key, operator, values = []}] of (selector.matchExpressions ?? []).entries()) {
    const at = `${field}.matchExpressions[${index}]`;
    problems.push(...validateSyntax(key, labelKey, `${at}.key`));
    switch (operator) {
      case 'In':
      case 'NotIn':
        if (values.length === 0) {
          problems.push(
            invalid(
              `${at}.values`,
              `${operator} needs at least one value; without values use Exists or DoesNotExist`,
            ),
          );
        }
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0) {
          problems.push(
            invalid(`${at}.values`, `${operator} takes no values; to compare the value use In or NotIn`),
          );
        }
        break;
      default:
        problems.push(
          invalid(`${at}.operator`, `must be In, NotIn, Exists or DoesNotExist, not "${String(operator)}"`),
        );
    }
    for (const [valueIndex, value] of values.entries()) {
      problems.push(...validateSyntax(value, labelValue, `${at}.values[${valueIndex}]`));
    }
  }
  return problems;
}

function validateTopologies(topologies: readonly Topology[], field: string): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const [index, {topologyKey, distribution, maxSkew}] of topologies.entries()) {
    const at = `${field}[${index}]`;
    problems.push(...validateSyntax(topologyKey, labelKey, `${at}.topologyKey`));
    if (seen.has(topologyKey)) {
      problems.push(
        invalid(`${at}.topologyKey`, `"${topologyKey}" stands in the list twice; keep one entry`),
      );
    }
    seen.add(topologyKey);
    if (distribution === 'Separate' && maxSkew !== 1) {
      problems.push(
        invalid(
          `${at}.maxSkew`,
          'counts only with distribution Even; leave it out, or set distribution: Even',
        ),
      );
    }
  }
  return problems;
}

function validateSeparateFrom({selector, topologyKey}: SeparateFrom, field: string): Problem[] {
  const problems = validateSelector(selector, `${field}.selector`);
  if (
    Object.keys(selector.matchLabels ?? {}).length === 0 &&
    (selector.matchExpressions ?? []).length === 0
  ) {
    problems.push(
      invalid(`${field}.selector`, 'must not be empty, or the replicas would be kept away from every pod'),
    );
  }
  return [...problems, ...validateSyntax(topologyKey, labelKey, `${field}.topologyKey`)];
}

function validateEviction({strategy, windows}: Eviction, field: string): Problem[] {
  const problems: Problem[] = [];
  if (strategy === 'Surge') {
    problems.push(unsupported(`${field}.strategy`, 'Surge is not supported yet; leave it out or use Evict'));
  }
  if (windows === undefined) {
    return problems;
  }
  problems.push(
    unsupported(
      `${field}.windows`,
      'is not supported yet; leave it out, and set spec.suspend outside of the times in which replicas may be moved',
    ),
  );
  for (const [index, window] of windows.entries()) {
    const at = `${field}.windows[${index}]`;
    problems.push(...validateSyntax(window.schedule, cronSchedule, `${at}.schedule`));
    problems.push(...validateSyntax(window.duration, windowDuration, `${at}.duration`));
    if (!isTimeZone(window.timeZone)) {
      problems.push(invalid(`${at}.timeZone`, `${timeZone.message}; got "${window.timeZone}"`));
    }
  }
  return problems;
}

function validateHotNodes(hotNodes: HotNodes | undefined, field: string): Problem[] {
  if (hotNodes === undefined) {
    return [];
  }
  const problems: Problem[] = [];
  if (hotNodes.mode !== 'Disabled') {
    problems.push(
      unsupported(
        `${field}.mode`,
        `${hotNodes.mode} is not supported yet; leave hotNodes out or use Disabled`,
      ),
    );
  }
  if (hotNodes.lowPercent >= hotNodes.highPercent) {
    problems.push(
      invalid(
        `${field}.lowPercent`,
        `must be less than highPercent; got ${hotNodes.lowPercent} and ${hotNodes.highPercent}`,
      ),
    );
  }
  return problems;
}

function validateSyntax(value: string, syntax: Syntax, field: string): Problem[] {
  return conforms(value, syntax) ? [] : [invalid(field, `${syntax.message}; got "${value}"`)];
}

// The schema can only check what a name looks like; the database is the runtime's.
function isTimeZone(name: string): boolean {
  if (!conforms(name, timeZone)) {
    return false;
  }
  try {
    Intl.DateTimeFormat('en', {timeZone: name});
    return true;
  } catch {
    return false;
  }
}

function invalid(field: string, message: string): Problem {
  return {field, message, kind: 'Invalid'};
}

function unsupported(field: string, message: string): Problem {
  return {field, message, kind: 'Unsupported'};
}
