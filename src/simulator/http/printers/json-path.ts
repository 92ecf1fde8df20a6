/**
 * The part of Kubernetes' JSONPath that printer columns may use: fields, indices, `[*]` and filters that compare a field
 * with a value. Source: client-go/util/jsonpath.
 */
import {isObject} from '../../apiserver/json.ts';

type Step = (values: readonly unknown[]) => unknown[];

const STEP =
  /^(?:\.([\w-]+)|\[\*\]|\.\*|\[(-?\d+)\]|\['([^']*)'\]|\["([^"]*)"\]|\[\?\(@\.([\w.-]+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([\w.-]+))\)\])/;

export function evaluateJsonPath(path: string, value: unknown): unknown[] {
  let values: readonly unknown[] = [value];
  for (const step of parse(path)) values = step(values);
  return values.filter((each) => each !== undefined);
}

function parse(path: string): Step[] {
  const steps: Step[] = [];
  let rest = path.replaceAll('\\.', '\u0000');
  while (rest !== '' && rest !== '.') {
    const match = STEP.exec(rest);
    if (match === null) return [() => []];
    rest = rest.slice(match[0].length);
    const [, field, index, quoted, doubleQuoted, filterField, operator, ...filterValues] = match;
    const name = field ?? quoted ?? doubleQuoted;
    if (name !== undefined) steps.push(fieldStep(name.replaceAll('\u0000', '.')));
    else if (index !== undefined)
      steps.push((values) =>
        values.map((each) => (Array.isArray(each) ? each.at(Number(index)) : undefined)),
      );
    else if (filterField !== undefined) {
      const wanted = filterValues.find((each) => each !== undefined) ?? '';
      steps.push(filterStep(filterField.split('.'), operator === '==', wanted));
    } else steps.push((values) => values.flatMap(childrenOf));
  }
  return steps;
}

function fieldStep(name: string): Step {
  return (values) =>
    values.map((each) => (isObject(each) && Object.hasOwn(each, name) ? each[name] : undefined));
}

function filterStep(path: readonly string[], isEqual: boolean, wanted: string): Step {
  const valueOf = (item: unknown): unknown =>
    path.reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), item);
  return (values) =>
    values.flatMap(childrenOf).filter((item) => (String(valueOf(item)) === wanted) === isEqual);
}

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}
