/** A map for people: a matrix that fits the terminal, in several parts where it has too many columns. */
import {alignColumns} from '../output/table.ts';
import {count, type Text, widthOf} from '../output/text.ts';
import {paragraph} from '../output/wrap.ts';
import {shortKey} from './placement.ts';
import type {MappedDomain, MappedWorkload, PlacementMap} from './placement-map.ts';

/** With more Deployments, those that are spread are one line. */
const MOST_ROWS = 25;
/** With more nodes, those where there is nothing to see are left out. */
const FEW_COLUMNS = 10;
const GAP = 2;
const EMPTY: Text = {text: '·', tone: 'dim'};

export interface MapTextOptions {
  readonly isWithNamespace: boolean;
  /** Also what there is nothing to see of, however much it is. */
  readonly isComplete: boolean;
  readonly width: number | undefined;
}

interface Row {
  readonly title: Text;
  readonly cell: (domain: MappedDomain) => Text;
}

export function mapLines(map: PlacementMap, options: MapTextOptions): Text[] {
  const {scope, domains, workloads, topologyKey, notes} = map;
  const {width, isComplete} = options;
  const names = shortNames(domains.map(({name}) => name));
  const isShort = isComplete || workloads.length <= MOST_ROWS;
  const shown = isShort ? workloads : workloads.filter(({movesNeeded}) => movesNeeded > 0);
  const matter = columnsThatMatter(domains, shown, options);
  const rows = [
    ...domainRows(matter, names.of),
    ...shown.map((workload) => workloadRow(workload, options)),
    OTHERS,
  ];
  const pages = pagesOf(rows, matter, width);
  const hidden = workloads.length - shown.length;
  const empty = domains.length - matter.length;
  return [
    ...paragraph([{text: `${scope}, by ${shortKey(topologyKey)}`, tone: 'dim'}], width),
    ...(names.without === undefined ? [] : paragraph([{text: names.without, tone: 'dim'}], width)),
    ...pages.flatMap((page, index) => [
      '',
      ...(pages.length === 1 ? [] : [{text: `part ${index + 1} of ${pages.length}`, tone: 'dim'} as const]),
      ...matrix(rows, page),
    ]),
    '',
    ...(hidden > 0
      ? paragraph(
          `and ${count(hidden, 'Deployment')} more that cannot be spread better; --all shows them`,
          width,
        )
      : []),
    ...(empty > 0
      ? paragraph(
          `and ${count(empty, 'place')} without any of these replicas, neither hot nor unusable; --all shows them`,
          width,
        )
      : []),
    ...pendingLines(workloads, options),
    ...notes.flatMap((note) => paragraph([{text: `Note: ${note}`, tone: 'dim'}], width)),
  ];
}

/** Without a terminal all of them are: whoever filters the text wants the same columns each time. */
function columnsThatMatter(
  domains: readonly MappedDomain[],
  workloads: readonly MappedWorkload[],
  {isComplete, width}: MapTextOptions,
): readonly MappedDomain[] {
  if (isComplete || width === undefined || domains.length <= FEW_COLUMNS) {
    return domains;
  }
  return domains.filter(
    ({name, isHot, notReady, cordoned}) =>
      isHot || notReady + cordoned > 0 || workloads.some(({placement}) => (placement[name] ?? 0) > 0),
  );
}

const OTHERS: Row = {
  title: {text: 'other pods', tone: 'dim'},
  cell: ({otherPods}) => ({text: otherPods === 0 ? '·' : String(otherPods), tone: 'dim'}),
};

function domainRows(domains: readonly MappedDomain[], nameOf: (name: string) => string): Row[] {
  const isOneNode = domains.every(({nodes}) => nodes === 1);
  const optional = (isShown: boolean, title: string, cell: Row['cell']): Row[] =>
    isShown ? [{title: {text: title, tone: 'dim'}, cell}] : [];
  return [
    {title: '', cell: ({name}) => ({text: nameOf(name), tone: 'strong'})},
    ...optional(!isOneNode, 'nodes', ({nodes}) => String(nodes)),
    ...optional(
      domains.some(({notReady, cordoned}) => notReady + cordoned > 0),
      'state',
      (domain) => stateOf(domain, isOneNode),
    ),
    ...optional(
      domains.some(({cpuUsed}) => cpuUsed !== undefined),
      'CPU used',
      ({cpuUsed, isHot}) =>
        cpuUsed === undefined ? '?' : isHot ? {text: `hot ${cpuUsed}%`, tone: 'bad'} : `${cpuUsed}%`,
    ),
    ...optional(true, 'CPU requested', ({cpuRequested}) => `${cpuRequested}%`),
  ];
}

function stateOf({notReady, cordoned}: MappedDomain, isOneNode: boolean): Text {
  if (notReady > 0) {
    return {text: isOneNode ? 'NotReady' : `${notReady} NotReady`, tone: 'bad'};
  }
  return cordoned === 0 ? '' : {text: isOneNode ? 'cordoned' : `${cordoned} cordoned`, tone: 'warn'};
}

function workloadRow(workload: MappedWorkload, {isWithNamespace}: MapTextOptions): Row {
  return {
    title: titleOf(workload, isWithNamespace),
    cell: ({name}) => {
      const replicas = workload.placement[name] ?? 0;
      if (replicas === 0) {
        return EMPTY;
      }
      return workload.crowded.includes(name) ? {text: `${replicas}!`, tone: 'bad'} : String(replicas);
    },
  };
}

function matrix(rows: readonly Row[], page: readonly MappedDomain[]): Text[] {
  const cells = rows.map(({title, cell}) => [title, ...page.map(cell)]);
  return alignColumns(cells, {gap: GAP, columns: [{}, ...page.map(() => ({align: 'right' as const}))]});
}

/** As many columns at a time as the terminal has room for. */
function pagesOf(
  rows: readonly Row[],
  domains: readonly MappedDomain[],
  width: number | undefined,
): MappedDomain[][] {
  const titles = Math.max(...rows.map(({title}) => widthOf(title)));
  const pages: MappedDomain[][] = [[]];
  let used = titles;
  for (const domain of domains) {
    const needed = GAP + Math.max(...rows.map(({cell}) => widthOf(cell(domain))));
    const isFull = (pages.at(-1)?.length ?? 0) > 0 && used + needed > (width ?? Number.POSITIVE_INFINITY);
    if (isFull) {
      pages.push([]);
      used = titles;
    }
    pages.at(-1)?.push(domain);
    used += needed;
  }
  return pages;
}

function pendingLines(workloads: readonly MappedWorkload[], options: MapTextOptions): Text[] {
  return workloads
    .filter(({pending}) => pending > 0)
    .flatMap((workload) =>
      paragraph(
        [
          {text: titleOf(workload, options.isWithNamespace), tone: 'strong'},
          ` has ${count(workload.pending, 'replica')} without a node`,
        ],
        options.width,
      ),
    );
}

/** Nodes of one cluster often share most of their names. */
function shortNames(names: readonly string[]): {
  readonly of: (name: string) => string;
  readonly without?: string;
} {
  const [first = '', ...others] = names;
  const parts = first.split(/(?<=[-.])/);
  let prefix = '';
  for (const part of parts.slice(0, -1)) {
    if (
      !others.every((name) => name.startsWith(prefix + part) && name.length > prefix.length + part.length)
    ) {
      break;
    }
    prefix += part;
  }
  let suffix = '';
  for (const part of first
    .split(/(?=[-.])/)
    .slice(1)
    .toReversed()) {
    const longer = part + suffix;
    if (!others.every((name) => name.endsWith(longer) && name.length > prefix.length + longer.length)) {
      break;
    }
    suffix = longer;
  }
  // A short name is easier to read than an explanation.
  if (others.length === 0 || prefix.length + suffix.length < 8) {
    return {of: (name) => name};
  }
  return {
    of: (name) => name.slice(prefix.length, name.length - suffix.length),
    without: `Names are shown as the * in ${prefix}*${suffix}.`,
  };
}

function titleOf({namespace, name}: MappedWorkload, isWithNamespace: boolean): string {
  return isWithNamespace ? `${namespace}/${name}` : name;
}
