/** Sentences about nodes for status, events and logs: grouped by reason, names in order, long lists cut. */
import {compareText} from '../cluster/snapshot.ts';
import type {IneligibleNode} from './eligibility.ts';

const NAMES_SHOWN = 5;

/** `a, b and 3 more`; sorted. */
export function listNames(names: readonly string[], shown = NAMES_SHOWN): string {
  const sorted = [...names].sort(compareText);
  const more = sorted.length - shown;
  return more > 0 ? `${sorted.slice(0, shown).join(', ')} and ${more} more` : sorted.join(', ');
}

/** `a, b or c`: one of them; a long list is cut. */
export function listChoices(names: readonly string[], shown = NAMES_SHOWN): string {
  const more = names.length - shown;
  const listed = more > 0 ? [...names.slice(0, shown), `${more} more`] : names;
  const last = listed.at(-1) ?? '';
  return listed.length < 2 ? last : `${listed.slice(0, -1).join(', ')} or ${last}`;
}

/** `cordoned: node-b, node-c; not Ready: node-d`, the reason with the most nodes first. */
export function summariseIneligible(ineligible: readonly IneligibleNode[]): string {
  const nodesByMessage = new Map<string, string[]>();
  for (const {node, message} of ineligible) {
    const nodes = nodesByMessage.get(message) ?? [];
    nodes.push(node);
    nodesByMessage.set(message, nodes);
  }
  return [...nodesByMessage]
    .sort(([a, ofA], [b, ofB]) => ofB.length - ofA.length || compareText(a, b))
    .map(([message, nodes]) => `${message}: ${listNames(nodes)}`)
    .join('; ');
}

const VIOLATIONS_SHOWN = 3;

/** `web-1 on a shares …; web-2 on b shares … and 2 more`; a long list is cut. */
export function describeViolations(violations: readonly {readonly message: string}[]): string {
  const shown = violations.slice(0, VIOLATIONS_SHOWN).map(({message}) => message);
  const more = violations.length - shown.length;
  return `${shown.join('; ')}${more > 0 ? ` and ${more} more` : ''}`;
}
