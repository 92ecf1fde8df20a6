/** The answer of `check` for people. */
import type {CheckReport} from '../../foresight/check/check.ts';
import {type Finding, LEVELS, type Level} from '../../foresight/check/finding.ts';
import {describePosition} from '../../foresight/check/manifest-object.ts';
import {describePlacement} from '../../foresight/check/placement.ts';
import type {ClusterPicture} from '../../foresight/cluster-picture.ts';
import {table} from '../output/table.ts';
import {count, type Text, type Tone} from '../output/text.ts';
import {paragraph} from '../output/wrap.ts';

export interface TextOptions {
  readonly picture: ClusterPicture;
  readonly files: number;
  readonly width: number | undefined;
}

const TONES: Readonly<Record<Level, Tone>> = {error: 'bad', warning: 'warn', note: 'dim'};

/** @param told the findings of the level that was asked for */
export function reportLines(
  report: CheckReport,
  told: readonly Finding[],
  {picture, files, width}: TextOptions,
): Text[] {
  const open = told.filter(({suppressed}) => suppressed === undefined);
  const suppressed = told.filter((finding) => finding.suppressed !== undefined);
  return [
    ...paragraph(`${count(files, 'file')} on ${picture.origin}`, width),
    '',
    ...placements(report, width),
    ...limits(report).flatMap((line) => paragraph({text: line, tone: 'dim'}, width)),
    ...open.flatMap((finding) => ['', ...findingLines(finding, width)]),
    ...suppressed.flatMap((finding) => ['', ...suppressedLines(finding, width)]),
    '',
    summary(report, told),
  ];
}

function placements({context: {view}}: CheckReport, width: number | undefined): Text[] {
  const rows = view.workloads
    .filter(({manifest}) => manifest !== undefined)
    .map((workload) => [
      `${workload.kind} ${workload.namespace}/${workload.name}`,
      String(workload.replicas),
      workload.pending.length === 0
        ? describePlacement(workload)
        : {text: describePlacement(workload), tone: 'bad' as const},
    ]);
  return rows.length === 0
    ? ['No workload among the manifests.']
    : table(
        [{heading: 'workload'}, {heading: 'replicas', align: 'right'}, {heading: 'would be on', wraps: true}],
        rows,
        width,
      );
}

/** What the answer leaves out, where that matters to these manifests. */
function limits({context}: CheckReport): string[] {
  const {picture, stage} = context.view;
  const isJudged = context.cpuBasis() !== 'requests';
  const others = [...stage.ignored.values()].reduce((sum, each) => sum + each, 0);
  return [
    ...(others === 0 ? [] : [`${count(others, 'object')} of other kinds: not judged.`]),
    ...(!isJudged
      ? [
          'CPU was not judged: nobody says what the load costs (simulator.spread-operator.io/load-cpu on Services, or a cluster with metrics).',
        ]
      : []),
    ...(isJudged && context.isBudgetSpent()
      ? ['Not every loss of a node was simulated: there was no time for all.']
      : []),
    ...picture.missing.map(({resource, reason}) => `Without ${resource}: ${reason}`),
  ];
}

function findingLines({rule, level, position, title, why, cure}: Finding, width: number | undefined): Text[] {
  return [
    [{text: level, tone: TONES[level]}, ` ${describePosition(position)} `, {text: rule, tone: 'dim'}],
    ...paragraph({text: title, tone: 'strong'}, width, 2),
    ...why.flatMap((line) => paragraph(line, width, 4)),
    ...paragraph(cure.text, width, 2),
    ...(cure.yaml === undefined
      ? []
      : cure.yaml
          .trimEnd()
          .split('\n')
          .map((line) => `    ${line}`)),
  ];
}

function suppressedLines(
  {rule, level, position, title, suppressed}: Finding,
  width: number | undefined,
): Text[] {
  return [
    {text: `silenced ${level} ${describePosition(position)} ${rule}`, tone: 'dim'},
    ...paragraph(title, width, 2),
    ...paragraph(`By ${suppressed?.by}: ${suppressed?.reason}`, width, 4),
  ];
}

function summary({findings}: CheckReport, told: readonly Finding[]): Text {
  const open = findings.filter(({suppressed}) => suppressed === undefined);
  const hidden = open.filter((finding) => !told.includes(finding)).length;
  const counts = LEVELS.flatMap((level) => {
    const number = open.filter((finding) => finding.level === level && told.includes(finding)).length;
    return number === 0 ? [] : [count(number, level)];
  });
  const silenced = findings.length - open.length;
  const rest = [
    ...(silenced === 0 ? [] : [`${silenced} silenced`]),
    ...(hidden === 0 ? [] : [`${count(hidden, 'note')} not shown (--level note)`]),
  ];
  return [
    counts.length === 0 ? {text: 'No findings', tone: 'good'} : counts.join(', '),
    rest.length === 0 ? '.' : `; ${rest.join(', ')}.`,
  ];
}
