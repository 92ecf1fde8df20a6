/**
 * Label and field selectors as they stand in a query. Sources: apimachinery/pkg/labels/selector.go,
 * pkg/fields/selector.go.
 */
import {type LabelSelectorRequirement, matchesSelector} from '../../cluster/label-selector.ts';
import type {ApiObject} from '../cluster-api.ts';
import {badRequest} from './status-error.ts';

export type ObjectPredicate = (object: ApiObject) => boolean;

interface Comparison {
  readonly key: string;
  readonly operator: 'gt' | 'lt';
  readonly value: number;
}

const IDENTIFIER = /^[A-Za-z0-9][-A-Za-z0-9_./]*$/;

/** `app=web,tier in (a, b),!old,count>3`. Throws 400. */
export function parseLabelSelector(text: string): ObjectPredicate {
  const requirements: LabelSelectorRequirement[] = [];
  const comparisons: Comparison[] = [];
  const parse = (part: string): void => {
    const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
    if (set !== null) {
      const [, key = '', operator, list = ''] = set;
      requirements.push({
        key: identifier(key),
        operator: operator === 'in' ? 'In' : 'NotIn',
        values: list.split(',').map((each) => each.trim()),
      });
      return;
    }
    const comparison = /^([^=!<>\s]+)\s*(==|=|!=|>|<)\s*(\S*)$/.exec(part);
    if (comparison !== null) {
      const [, key = '', operator, value = ''] = comparison;
      identifier(key);
      if (value !== '' && !/^[-A-Za-z0-9_.]*$/.test(value)) throw unparsable(value);
      if (operator === '>' || operator === '<') {
        comparisons.push({key, operator: operator === '>' ? 'gt' : 'lt', value: Number(value)});
      } else {
        requirements.push({key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value]});
      }
      return;
    }
    const existence = /^(!?)\s*(\S+)$/.exec(part);
    if (existence === null) throw unparsable(part);
    const [, not, key = ''] = existence;
    requirements.push({key: identifier(key), operator: not === '!' ? 'DoesNotExist' : 'Exists'});
  };
  const identifier = (key: string): string => {
    if (!IDENTIFIER.test(key)) throw unparsable(key);
    return key;
  };
  for (const part of splitOutsideParentheses(text)) parse(part);

  const selector = {matchExpressions: requirements};
  return ({metadata}) => {
    const labels = metadata.labels ?? {};
    return (
      matchesSelector(selector, labels) &&
      comparisons.every(({key, operator, value}) => {
        const actual = Object.hasOwn(labels, key) ? Number(labels[key]) : Number.NaN;
        return operator === 'gt' ? actual > value : actual < value;
      })
    );
  };
}

/** `metadata.name=web,status.phase!=Running`; each resource names the fields that it can be selected by. Throws 400. */
export function parseFieldSelector(
  text: string,
  selectable: readonly string[],
  value: (object: ApiObject, field: string) => string,
): ObjectPredicate {
  const terms = splitTerms(text).map((term) => {
    const match = /^(.*?)(!=|==|=)(.*)$/.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator = '=', wanted = ''] = match;
    if (!selectable.includes(field)) throw badRequest(`field label not supported: ${field}`);
    return {field, isEqual: operator !== '!=', wanted: wanted.replaceAll(/\\([\\,=])/g, '$1')};
  });
  return (object) => terms.every(({field, isEqual, wanted}) => (value(object, field) === wanted) === isEqual);
}

function unparsable(part: string): Error {
  const token = /^[=!<>(),]/.test(part) ? (part[0] ?? '') : part;
  return badRequest(`unable to parse requirement: found '${token}', expected: identifier`);
}

function splitOutsideParentheses(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function splitTerms(text: string): string[] {
  return text.split(/(?<!\\),/).filter((term) => term !== '');
}
