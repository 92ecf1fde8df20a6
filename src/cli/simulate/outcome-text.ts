/** What came of the acts, for people: rounds first, then Services and pods, the verdict last. */
import type {Act} from '../../foresight/acts.ts';
import type {
  LossRound,
  Outcome,
  PendingPod,
  ServiceOutage,
  WorkloadReference,
} from '../../foresight/outcome.ts';
import {describeWorkload} from '../../foresight/outcome.ts';
import {listNames} from '../../planning/explain.ts';
import {table} from '../output/table.ts';
import {capitalised, count, type Text} from '../output/text.ts';
import {paragraph} from '../output/wrap.ts';
import {describeActs} from './acts.ts';
import {describeBasis, describeCpu, describeMoment, describeSeconds} from './wording.ts';

const ROUNDS_SHOWN = 8;
const NAMES_SHOWN = 8;
const ROWS_SHOWN = 20;
const INDENT = 10;

export interface OutcomeText {
  readonly origin: string;
  readonly acts: readonly Act[];
  readonly notes: readonly string[];
  readonly width: number | undefined;
}

export function outcomeLines(outcome: Outcome, {origin, acts, notes, width}: OutcomeText): Text[] {
  const hasLoad = acts.some(({kind}) => kind === 'Load');
  const head = `Simulated on ${origin}: ${describeActs(acts)}; looked ahead ${describeSeconds(outcome.horizonSeconds)}.`;
  return [
    ...paragraph(head, width),
    ...paragraph({text: describeBasis(outcome.basis, hasLoad), tone: 'dim'}, width),
    ...notes.flatMap((note) => paragraph({text: note, tone: 'dim'}, width)),
    ...outcome.saturatedBefore.flatMap(({node, demand, capacity}) =>
      paragraph(
        {
          text: `${node} was saturated before anything happened: ${describeCpu(demand)} wanted of ${describeCpu(capacity)}.`,
          tone: 'warn',
        },
        width,
      ),
    ),
    ...drainLines(outcome, width),
    ...roundLines(outcome.rounds, width),
    ...serviceLines(outcome, width),
    ...workloadLines(outcome, width),
    ...pendingLines(outcome, width),
    ...strandedLines(outcome, width),
    '',
    ...paragraph(verdict(outcome), width),
  ];
}

function drainLines({drains}: Outcome, width: number | undefined): Text[] {
  return drains.flatMap(({node, seconds, left, moves}) => [
    '',
    ...(seconds === undefined
      ? paragraph(
          [{text: `${node} is not drained: `, tone: 'bad'}, `${count(left.length, 'pod')} left`],
          width,
        )
      : paragraph([{text: node, tone: 'strong'}, ` is drained after ${describeSeconds(seconds)}`], width)),
    ...item('follows', followers(moves), width),
    ...left
      .slice(0, NAMES_SHOWN)
      .flatMap(({namespace, pod, reason}) => paragraph(`${namespace}/${pod}: ${reason}`, width, 2)),
  ]);
}

function roundLines(rounds: readonly LossRound[], width: number | undefined): Text[] {
  const more = rounds.length - ROUNDS_SHOWN;
  return [
    ...rounds.slice(0, ROUNDS_SHOWN).flatMap((round) => ['', ...linesOfRound(round, width)]),
    ...(more > 0 ? ['', `… ${count(more, 'more round')} (-o json has all)`] : []),
  ];
}

function linesOfRound(round: LossRound, width: number | undefined): Text[] {
  const {round: number, atSeconds, nodes, replicasLost, servicesDown, moves, pending} = round;
  const lost = nodes.filter(({why}) => why === 'lost').map(({node}) => node);
  const died = nodes.flatMap(({node, why, demand, capacity}) =>
    why === 'lost'
      ? []
      : [
          demand === undefined || capacity === undefined
            ? `${node} dies`
            : `${node} dies: its pods want ${describeCpu(demand)} of ${describeCpu(capacity)}`,
        ],
  );
  const title = [
    ...(lost.length === 0
      ? []
      : [`${listNames(lost, NAMES_SHOWN)} ${lost.length === 1 ? 'is' : 'are'} lost`]),
    ...died,
  ].join('; ');
  const gone = replicasLost.map(({workload, lost: gone, of}) => `${nameOf(workload)} ${gone} of ${of}`);
  return [
    ...paragraph(
      {text: `Round ${number}: ${title}`, tone: 'strong'},
      width,
      INDENT,
      describeMoment(atSeconds),
    ),
    ...item('gone', gone.length === 0 ? [] : [listed(gone)], width),
    ...item('down', servicesDown.length === 0 ? [] : [{text: listed(servicesDown), tone: 'bad'}], width),
    ...item('follows', followers(moves), width),
    ...item('Pending', pending.length === 0 ? [] : [{text: listed(pending), tone: 'warn'}], width),
  ];
}

function item(name: string, texts: readonly Text[], width: number | undefined): Text[] {
  return texts.flatMap((text, index) =>
    paragraph(text, width, INDENT + 9, `${' '.repeat(INDENT)}${index === 0 ? name : ''}`),
  );
}

/** `to node-2: shop/web ×3, shop/redis` */
function followers(moves: LossRound['moves']): string[] {
  const byNode = new Map<string, Map<string, number>>();
  for (const {workload, to} of moves) {
    const counts = byNode.get(to) ?? new Map<string, number>();
    counts.set(nameOf(workload), (counts.get(nameOf(workload)) ?? 0) + 1);
    byNode.set(to, counts);
  }
  const lines = [...byNode].map(
    ([node, counts]) =>
      `to ${node}: ${listed([...counts].map(([name, number]) => (number === 1 ? name : `${name} ×${number}`)))}`,
  );
  const more = lines.length - NAMES_SHOWN;
  return more > 0 ? [...lines.slice(0, NAMES_SHOWN), `and to ${count(more, 'more node')}`] : lines;
}

function serviceLines({outages, horizonSeconds}: Outcome, width: number | undefined): Text[] {
  if (outages.length === 0) {
    return [];
  }
  const byService = new Map<string, ServiceOutage[]>();
  for (const outage of outages) {
    byService.set(outage.service, [...(byService.get(outage.service) ?? []), outage]);
  }
  const rows = [...byService].slice(0, ROWS_SHOWN).map(([service, all]) => {
    const seconds = all.reduce(
      (sum, {fromSeconds, toSeconds = horizonSeconds}) => sum + toSeconds - fromSeconds,
      0,
    );
    const isDown = all.at(-1)?.toSeconds === undefined;
    return [
      service,
      describeMoment(all[0]?.fromSeconds ?? 0),
      String(all.length),
      describeSeconds(seconds),
      isDown ? {text: 'still down', tone: 'bad' as const} : 'is back',
    ];
  });
  return [
    '',
    ...table(
      [
        {heading: 'service without endpoint'},
        {heading: 'first'},
        {heading: 'times', align: 'right'},
        {heading: 'in all'},
        {heading: 'at the end'},
      ],
      rows,
      width,
    ),
    ...moreRows(byService.size),
  ];
}

function workloadLines({workloads}: Outcome, width: number | undefined): Text[] {
  if (workloads.length === 0) {
    return [];
  }
  const worst = workloads.toSorted((a, b) => a.leastReady / a.readyBefore - b.leastReady / b.readyBefore);
  return [
    '',
    ...table(
      [
        {heading: 'workload'},
        {heading: 'ready', align: 'right'},
        {heading: 'at worst', align: 'right'},
        {heading: 'at the end', align: 'right'},
      ],
      worst
        .slice(0, ROWS_SHOWN)
        .map(({workload, readyBefore, leastReady, readyAtEnd}) => [
          describeWorkload(workload),
          String(readyBefore),
          leastReady === 0 ? {text: '0', tone: 'bad' as const} : String(leastReady),
          String(readyAtEnd),
        ]),
      width,
    ),
    ...moreRows(workloads.length),
  ];
}

function pendingLines({pending}: Outcome, width: number | undefined): Text[] {
  const groups = new Map<string, {pods: PendingPod[]; message: string}>();
  for (const pod of pending.filter(({wasPending}) => !wasPending)) {
    const key = `${describeWorkload(pod.workload)} ${pod.message}`;
    const group = groups.get(key) ?? {pods: [], message: pod.message};
    group.pods.push(pod);
    groups.set(key, group);
  }
  const before = pending.length - pending.filter(({wasPending}) => !wasPending).length;
  return [
    ...(groups.size === 0 ? [] : ['']),
    ...[...groups.values()]
      .slice(0, ROWS_SHOWN)
      .flatMap(({pods, message}) => [
        ...paragraph(
          [
            {text: count(pods.length, 'pod'), tone: 'warn'},
            ` of ${describeWorkload((pods[0] as PendingPod).workload)} Pending: ${message}`,
          ],
          width,
        ),
      ]),
    ...moreRows(groups.size),
    ...(before === 0 ? [] : ['', `${count(before, 'pod')} had no node before either.`]),
  ];
}

function strandedLines({stranded}: Outcome, width: number | undefined): Text[] {
  if (stranded.length === 0) {
    return [];
  }
  const names = stranded.map(({workload, pod}) => `${workload.namespace}/${pod}`);
  const kinds = new Set(stranded.map(({workload}) => workload.kind));
  return [
    '',
    ...paragraph(
      `Lost with their nodes and not made anew in the simulation: ${listed(names)} (${[...kinds].join(', ')}). ${
        kinds.has('StatefulSet')
          ? 'A StatefulSet waits until the node is back, or its pod is force-deleted, or the Node object is removed.'
          : ''
      }`.trim(),
      width,
    ),
  ];
}

function verdict(outcome: Outcome): Text {
  const {rounds, outages, pending, settles, saturated} = outcome;
  const dying = new Set(
    rounds.flatMap(({nodes}) => nodes.flatMap(({node, why}) => (why === 'lost' ? [] : node))),
  );
  const down = new Set(outages.map(({service}) => service));
  const newlyPending = pending.filter(({wasPending}) => !wasPending).length;
  const parts = [
    ...(dying.size === 0
      ? []
      : [`${count(dying.size, 'node')} ${dying.size === 1 ? 'dies' : 'die'} of the load`]),
    ...(down.size === 0
      ? []
      : [
          `${count(down.size, 'Service')} ${down.size === 1 ? 'loses' : 'lose'} every endpoint (${listed([...down])})`,
        ]),
    ...(newlyPending === 0
      ? []
      : [`${count(newlyPending, 'pod')} ${newlyPending === 1 ? 'stays' : 'stay'} Pending`]),
    ...(outcome.stranded.length === 0
      ? []
      : [
          `${count(outcome.stranded.length, 'pod')} ${outcome.stranded.length === 1 ? 'is' : 'are'} gone for good`,
        ]),
    ...(outcome.drains.some(({seconds}) => seconds === undefined) ? ['the drain does not end'] : []),
  ];
  const end = settles
    ? ''
    : saturated.length > 0 || dying.size > 0
      ? ' It does not come to rest.'
      : ' Something was still going on at the end.';
  if (parts.length === 0) {
    const services =
      outcome.unservedBefore.length === 0
        ? 'every Service keeps an endpoint'
        : 'every Service that had an endpoint keeps one';
    const pods = pending.length === 0 ? 'every pod has a node' : 'no further pod stays Pending';
    return [{text: 'Nothing is lost', tone: 'good'}, `: ${services}, ${pods}.${end}`];
  }
  const isBad = dying.size > 0 || down.size > 0;
  return [{text: `${capitalised(parts.join('; '))}.`, tone: isBad ? 'bad' : 'warn'}, end];
}

function moreRows(all: number): Text[] {
  return all > ROWS_SHOWN ? [`… ${all - ROWS_SHOWN} more (-o json has all)`] : [];
}

function listed(names: readonly string[]): string {
  return listNames(names, NAMES_SHOWN);
}

function nameOf({namespace, name}: WorkloadReference): string {
  return `${namespace}/${name}`;
}
