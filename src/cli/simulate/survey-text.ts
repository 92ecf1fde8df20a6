/** All losses of so many nodes, for people: per number of nodes the worst first, the verdict last. */
import type {Act} from '../../foresight/acts.ts';
import type {DepthSummary, LossGroup, LossSummary} from '../../foresight/loss-summary.ts';
import {isHarmless, type LossVerdict} from '../../foresight/loss-verdict.ts';
import {listNames} from '../../planning/explain.ts';
import {table} from '../output/table.ts';
import {capitalised, count, spansOf, type Text} from '../output/text.ts';
import {paragraph} from '../output/wrap.ts';
import {describeActs} from './acts.ts';
import {describeBasis} from './wording.ts';

const ROWS_SHOWN = 15;
const NAMES_SHOWN = 6;

export interface SurveyText {
  readonly origin: string;
  readonly acts: readonly Act[];
  readonly notes: readonly string[];
  readonly width: number | undefined;
}

export function surveyLines(summary: LossSummary, {origin, acts, notes, width}: SurveyText): Text[] {
  const after = acts.length === 0 ? '' : `, after ${describeActs(acts)}`;
  return [
    ...paragraph(
      `Losses of up to ${count(summary.depth, 'node')} of ${summary.nodes} on ${origin}${after}.`,
      width,
    ),
    ...paragraph(
      {
        text: describeBasis(
          summary.basis,
          acts.some(({kind}) => kind === 'Load'),
        ),
        tone: 'dim',
      },
      width,
    ),
    ...(summary.waitedFor === undefined
      ? []
      : paragraph({text: `Let come to rest first: ${summary.waitedFor}.`, tone: 'dim'}, width)),
    ...notes.flatMap((note) => paragraph({text: note, tone: 'dim'}, width)),
    ...withoutLossLines(summary, width),
    ...summary.losses.flatMap((each) => ['', ...depthLines(each, width)]),
    '',
    ...keptLines(summary, width),
    ...paragraph(verdict(summary), width),
  ];
}

function withoutLossLines({withoutLoss}: LossSummary, width: number | undefined): Text[] {
  return withoutLoss === undefined || isHarmless(withoutLoss)
    ? []
    : [
        '',
        ...paragraph(
          [
            {text: 'Without any loss', tone: 'strong'},
            ': ',
            ...spansOf(effect(withoutLoss)),
            '. All that follows includes it.',
          ],
          width,
        ),
      ];
}

function depthLines(summary: DepthSummary, width: number | undefined): Text[] {
  const {depth, groups, inherited} = summary;
  return [
    ...paragraph([{text: titleOf(depth), tone: 'strong'}, `: ${coverage(summary)}`], width),
    ...(groups.length === 0
      ? []
      : table(
          [
            {heading: depth === 1 ? 'nodes' : 'sets', align: 'right'},
            {heading: 'lost'},
            {heading: 'what it does', wraps: true},
          ],
          groups.slice(0, ROWS_SHOWN).map((group) => [String(group.sets), examples(group), effect(group)]),
          width,
        )),
    ...(groups.length > ROWS_SHOWN
      ? [`… ${groups.length - ROWS_SHOWN} more kinds of outcome (-o json has all)`]
      : []),
    ...(inherited === 0
      ? []
      : paragraph(
          `${count(inherited, 'set')} ${inherited === 1 ? 'does' : 'do'} only what the loss of fewer of their nodes does already.`,
          width,
        )),
  ];
}

function titleOf(depth: number): string {
  return depth === 1 ? 'One node' : depth === 2 ? 'Two nodes together' : `${depth} nodes together`;
}

function coverage({total, judged, simulated, undecided, harmless}: DepthSummary): string {
  const decided = judged - undecided;
  const how =
    simulated === 0
      ? 'by proof'
      : simulated === decided
        ? 'simulated'
        : `${number(simulated)} simulated, the others by proof`;
  const looked =
    judged === total
      ? `all ${number(total)} looked at (${how})`
      : `${number(judged)} of ${number(total)} drawn by lot and looked at (${how})`;
  return [
    looked,
    harmless === 0 ? 'none is harmless' : `${number(harmless)} harmless`,
    ...(undecided === 0 ? [] : [`${number(undecided)} not decided in time`]),
  ].join('; ');
}

function examples({examples: sets, sets: number}: LossGroup): string {
  const names = sets.map((nodes) => nodes.join(' + '));
  const most = sets[0]?.length === 1 ? 3 : 1;
  return number > most ? `${names.slice(0, most).join(', ')}, …` : names.join(', ');
}

function effect({servicesDown, pending, nodesDying, settles}: LossVerdict): Text {
  return [
    ...(servicesDown.length === 0
      ? []
      : [{text: `down: ${listNames(servicesDown, NAMES_SHOWN)}`, tone: 'bad' as const}]),
    ...(nodesDying.length === 0
      ? []
      : [
          {
            text: `${listNames(nodesDying, NAMES_SHOWN)} ${nodesDying.length === 1 ? 'dies' : 'die'} of the load`,
            tone: 'bad' as const,
          },
        ]),
    ...(pending.length === 0
      ? []
      : [{text: `Pending: ${listNames(pending, NAMES_SHOWN)}`, tone: 'warn' as const}]),
    ...(settles ? [] : [{text: 'does not come to rest', tone: 'bad' as const}]),
  ].flatMap((part, index) => (index === 0 ? [part] : ['; ', part]));
}

function keptLines({servicesKept, losses}: LossSummary, width: number | undefined): Text[] {
  const decided = losses.reduce((sum, {judged, undecided}) => sum + judged - undecided, 0);
  return servicesKept.length === 0
    ? []
    : paragraph(
        `Alive in every one of ${number(decided)} losses: ${listNames(servicesKept, NAMES_SHOWN)}.`,
        width,
      );
}

function verdict({losses, withoutLoss}: LossSummary): Text {
  const groups = losses.flatMap((each) => each.groups);
  const down = losses.flatMap(({depth, groups: own}) => {
    const services = new Set(own.flatMap(({servicesDown}) => servicesDown));
    const loses = services.size === 1 ? 'loses' : 'lose';
    const nodes = depth === 1 ? 'one node' : `${depth} nodes`;
    return services.size === 0
      ? []
      : [
          `${count(services.size, 'Service')} ${loses} every endpoint with ${nodes} (${listNames([...services], NAMES_SHOWN)})`,
        ];
  });
  const cascades = groups
    .filter(({nodesDying}) => nodesDying.length > 0)
    .reduce((sum, {sets}) => sum + sets, 0);
  const undecided = losses.reduce((sum, each) => sum + each.undecided, 0);
  const sampled = losses.filter(({judged, total}) => judged < total);
  const parts: string[] = [
    ...((withoutLoss?.nodesDying.length ?? 0) > 0 ? ['a cascade runs without any loss'] : []),
    ...down,
    ...(cascades === 0
      ? []
      : [`${count(cascades, 'loss', 'losses')} ${cascades === 1 ? 'starts' : 'start'} a cascade`]),
  ];
  const limits = [
    ...(undecided === 0
      ? []
      : [
          `${undecided === 1 ? '1 loss was' : `${number(undecided)} losses were`} not decided: --budget gives them more time`,
        ]),
    ...sampled.map(
      ({depth, judged, total}) =>
        `of ${depth} nodes together ${percentage(judged / total)} of all sets were looked at`,
    ),
  ];
  const tail = limits.length === 0 ? '' : ` ${capitalised(limits.join('; '))}.`;
  return parts.length === 0
    ? [
        {
          text:
            undecided === 0
              ? 'No Service loses every endpoint, and no cascade starts.'
              : 'Nothing was found, but not everything was decided.',
          tone: undecided === 0 ? 'good' : 'warn',
        },
        tail,
      ]
    : [{text: `${capitalised(parts.join('; '))}.`, tone: 'bad'}, tail];
}

function percentage(share: number): string {
  return share >= 0.01 ? `${Math.round(share * 100)} %` : 'less than 1 %';
}

function number(value: number): string {
  return value.toLocaleString('en-GB');
}
