/** A status for people: a table, or all that is known of a few Deployments. */
import {listChoices} from '../../planning/explain.ts';
import {type Column, table} from '../output/table.ts';
import {count, spansOf, type Text, type Tone} from '../output/text.ts';
import {paragraph} from '../output/wrap.ts';
import {closedClusterLine} from './closed-cluster.ts';
import {compactPlacement, placementText, shortKey} from './placement.ts';
import type {SpreadStatus, WorkloadReport} from './spread-status.ts';

const COLUMNS: readonly Column[] = [
  {heading: 'Deployment'},
  // The placement shows what is left out first.
  {heading: 'Replicas', align: 'right', leavesAs: 3},
  {heading: 'Over', leavesAs: 2},
  {heading: 'Placement'},
  {heading: 'Skew', align: 'right', leavesAs: 1},
  {heading: 'Moves', align: 'right', leavesAs: 4},
  {heading: 'State', wraps: true},
];
const INDENT = 11;
const SHOWN = 10;

export interface StatusTextOptions {
  /** All that is known of each, instead of a table. */
  readonly isDetailed: boolean;
  readonly isWithNamespace: boolean;
  readonly width: number | undefined;
}

export function statusLines(status: SpreadStatus, options: StatusTextOptions): Text[] {
  const {scope, workloads, clusterClosed} = status;
  const {width, isDetailed, isWithNamespace} = options;
  return [
    ...paragraph([{text: scope, tone: 'dim'}], width),
    ...operatorLines(status, width),
    ...(clusterClosed === undefined ? [] : paragraph(closedClusterLine(clusterClosed), width)),
    '',
    ...(workloads.length === 0
      ? [
          isWithNamespace
            ? 'There are no Deployments.'
            : 'There are no Deployments here; -A shows all namespaces.',
        ]
      : isDetailed
        ? workloads.flatMap((report) => [...detailLines(report, width), ''])
        : [...tableLines(workloads, options), '', ...reasonLines(workloads, options)]),
    ...(isDetailed || workloads.length === 0 ? [] : summaryLines(status, width)),
  ];
}

function operatorLines({operator, workloads, policies}: SpreadStatus, width: number | undefined): Text[] {
  const isComputed = workloads.some(({source}) => source === 'Computed');
  const tone: Tone = operator.state === 'Running' ? 'good' : 'warn';
  return [
    ...paragraph(
      [
        {text: `The operator ${operator.message}`, tone},
        isComputed && operator.state !== 'Running'
          ? '; what follows is computed from the cluster as it is.'
          : '.',
      ],
      width,
    ),
    ...policies.flatMap(({name, problem}) =>
      problem === undefined
        ? []
        : paragraph([{text: `SpreadPolicy ${name}: ${problem}.`, tone: 'warn'}], width),
    ),
  ];
}

function tableLines(
  workloads: readonly WorkloadReport[],
  {isWithNamespace, width}: StatusTextOptions,
): Text[] {
  const rows = workloads.flatMap((report): Text[][] => {
    const {replicas, movesNeeded, topologies} = report;
    const [first, ...more] = topologies;
    return [
      [
        titleOf(report, isWithNamespace),
        String(replicas),
        shortKey(first?.topologyKey ?? ''),
        first === undefined ? '' : compactPlacement(first),
        first === undefined ? '' : skewText(first),
        movesNeeded === 0 ? '0' : {text: String(movesNeeded), tone: 'bad'},
        stateText(report),
      ],
      ...more.map((topology): Text[] => [
        '',
        '',
        shortKey(topology.topologyKey),
        compactPlacement(topology),
        skewText(topology),
      ]),
    ];
  });
  return table(COLUMNS, rows, width);
}

/** How far from even replicas are that no domain may have is not known. */
function skewText({skew, eligibleDomains}: WorkloadReport['topologies'][number]): string {
  return eligibleDomains === 0 ? '-' : String(skew);
}

function stateText({state, blocked, movesNeeded}: WorkloadReport): Text {
  if (state === 'NoPolicy') {
    return [
      {text: 'no policy', tone: movesNeeded > 0 ? 'warn' : 'dim'},
      blocked === undefined ? '' : ` ${blocked.reason}`,
    ];
  }
  const tone: Tone | undefined =
    state === 'Spread' ? 'good' : state === 'Blocked' ? 'bad' : state === 'Excluded' ? 'dim' : 'warn';
  return [{text: state, tone}, blocked === undefined || state === 'Excluded' ? '' : ` ${blocked.reason}`];
}

/** What the table has no room for: why the worst are not spread, and what to do. */
function reasonLines(workloads: readonly WorkloadReport[], options: StatusTextOptions): Text[] {
  const {width, isWithNamespace} = options;
  const wrong = workloads.filter(
    ({state, blocked}) =>
      state !== 'NoPolicy' && state !== 'Excluded' && (blocked !== undefined || state !== 'Spread'),
  );
  const lines = wrong
    .slice(0, SHOWN)
    .flatMap((report) => [
      ...paragraph(
        [
          {text: titleOf(report, isWithNamespace), tone: 'strong'},
          `  ${report.blocked?.message ?? report.message}`,
        ],
        width,
      ),
      ...(report.blocked === undefined
        ? []
        : paragraph(report.blocked.toUnblock, width, INDENT, [{text: '  unblock', tone: 'dim'}])),
    ]);
  const more = wrong.length - SHOWN;
  return lines.length === 0
    ? []
    : [
        ...lines,
        ...(more > 0
          ? [`and ${count(more, 'more Deployment', 'more Deployments')}: name one to see it`]
          : []),
        '',
      ];
}

function summaryLines({summary, workloads: reports}: SpreadStatus, width: number | undefined): Text[] {
  const {workloads, movesNeeded, blocked, withoutPolicy} = summary;
  // What no move can spread is not spread for that.
  const spread = reports.filter(
    (report) => report.movesNeeded === 0 && (report.blocked === undefined || report.state === 'Excluded'),
  ).length;
  const moves = movesNeeded === 0 ? '' : ` (${count(movesNeeded, 'move')} needed)`;
  const parts = [
    ...(spread === workloads ? ['all spread'] : [`${spread} spread`, `${workloads - spread} not${moves}`]),
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
    ...(withoutPolicy > 0 ? [`${withoutPolicy} without a policy`] : []),
  ];
  return paragraph(
    [{text: `${count(workloads, 'Deployment')}: `, tone: 'strong'}, `${parts.join(', ')}.`],
    width,
  );
}

function detailLines(report: WorkloadReport, width: number | undefined): Text[] {
  const {policy, source, topologies, blocked, injection, moves = [], inFlight = [], message} = report;
  const labelled = (label: string, text: Text) => paragraph(text, width, INDENT, [`  ${label}`]);
  return [
    ...paragraph(
      [
        {text: titleOf(report, true), tone: 'strong'},
        '   ',
        ...spansOf(stateText(report)),
        {
          text: `   ${policy === undefined ? '' : `policy ${policy}, `}${source === 'Operator' ? 'as the operator has it' : 'computed'}`,
          tone: 'dim',
        },
      ],
      width,
    ),
    ...topologies.flatMap((topology) => [
      ...labelled(shortKey(topology.topologyKey), placementText(topology)),
      ...labelled('', {
        text:
          topology.eligibleDomains === 0
            ? 'no domain is eligible'
            : `skew ${topology.skew} over ${count(topology.eligibleDomains, 'eligible domain')}`,
        tone: 'dim',
      }),
    ]),
    ...labelled('state', message),
    ...(blocked === undefined
      ? []
      : [
          ...(blocked.message === message
            ? []
            : labelled('blocked', `${blocked.reason}: ${blocked.message}`)),
          ...labelled('unblock', blocked.toUnblock),
        ]),
    ...(injection === undefined
      ? []
      : labelled(
          'rule',
          `${injection.state}${injection.message === undefined ? '' : `: ${injection.message}`}`,
        )),
    ...inFlight.flatMap(({pod, from, to}) => labelled('moving', `${pod} from ${from} to ${listChoices(to)}`)),
    ...moves.flatMap(({pod, from, to, certainty, reason}) => [
      ...labelled('next', `${pod} from ${from} to ${listChoices(to)} (${certainty})`),
      ...labelled('', {text: reason, tone: 'dim'}),
    ]),
  ];
}

function titleOf({namespace, name}: WorkloadReport, isWithNamespace: boolean): string {
  return isWithNamespace ? `${namespace}/${name}` : name;
}
