/** Workloads by nodes, by zones where there are too many nodes for a page, and what the plan would change. */
import {count} from '../../output/text.ts';
import {type Html, html} from '../html.ts';
import {fullest} from '../placements.ts';
import type {Placement, Report, ReportedNode} from '../report.ts';
import {tag} from '../words.ts';

/** More columns are not read across. */
const MOST_COLUMNS = 24;
const SHOWN_FINE = 500;

/** The columns of the matrix. */
interface Domains {
  readonly kind: 'node' | 'zone';
  readonly names: readonly string[];
  readonly domainOf: (node: string) => string | undefined;
}

export function placement(report: Report): Html {
  const {now, after} = report;
  const then = new Map(after?.placements.map((each) => [keyOf(each), each]));
  const domains = domainsOf(report.nodes);
  const isFine = (each: Placement) => each.movesNeeded === 0 && each.waiting === 0;
  const wrong = now.placements.filter((each) => !isFine(each));
  const fine = now.placements.filter(isFine);
  return html`
<section aria-labelledby="placement">
<h2 id="placement">Where the replicas are</h2>
${now.placements.length === 0 && html`<p>There are no Deployments.</p>`}
${wrong.length > 0 && matrix(wrong, then, domains, `${count(wrong.length, 'Deployment')} that would be moved apart or wait for a node, the worst first`)}
${
  fine.length > 0 &&
  html`<details ${wrong.length === 0 && html`open`}><summary>${count(fine.length, 'Deployment')} whose replicas lie as well as they can</summary>
${matrix(fine.slice(0, SHOWN_FINE), then, domains, 'Deployments that need no move')}
${fine.length > SHOWN_FINE && html`<p class="quiet small">and ${fine.length - SHOWN_FINE} more</p>`}</details>`
}
</section>`;
}

function matrix(
  placements: readonly Placement[],
  then: ReadonlyMap<string, Placement>,
  domains: Domains | undefined,
  caption: string,
): Html {
  const change = then.size > 0 ? ' “3 → 1” is now and after the plan.' : '';
  const red = ' Replicas that the plan would move away are in bold with a border.';
  return html`
<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table class="matrix"><caption>${caption}. Replicas by ${domains?.kind ?? 'number of nodes'}.${change}${placements.some(({movesNeeded}) => movesNeeded > 0) && red}</caption>
<thead><tr><th scope="col">Deployment</th><th scope="col">Replicas</th>${
    domains?.names.map((name) => html`<th scope="col">${name}</th>`) ?? ''
  }${domains?.kind !== 'node' && html`<th scope="col">Nodes</th><th scope="col">Fullest node</th>`}<th scope="col">Moves</th></tr></thead>
<tbody>${placements.map((each) => row(each, then.get(keyOf(each)), domains))}</tbody></table></div>`;
}

function row(now: Placement, then: Placement | undefined, domains: Domains | undefined): Html {
  const counts = domains === undefined ? undefined : byDomain(now, domains);
  const countsThen = domains === undefined || then === undefined ? undefined : byDomain(then, domains);
  return html`
<tr><th scope="row">${now.namespace}/${now.name}</th><td>${now.replicas}${
    now.waiting > 0 && html`<br>${tag('warn', `${now.waiting} without a node`)}`
  }</td>${
    domains?.names.map((name) => html`<td>${cell(counts?.get(name) ?? 0, countsThen?.get(name))}</td>`) ?? ''
  }${domains?.kind !== 'node' && nodeCells(now, then)}<td>${now.movesNeeded}</td></tr>`;
}

function cell(now: number, then: number | undefined): Html {
  if (then === undefined || then === now) {
    return now === 0 ? html`<span class="none">0</span>` : html`<span class="chip">${now}</span>`;
  }
  const chip = html`<span class="chip${now > then && ' bad'}">${now}</span>`;
  return html`<span class="narrow">${chip}<span class="to"> → </span><span class="chip">${then}</span></span>`;
}

function nodeCells(now: Placement, then: Placement | undefined): Html {
  const [name = 'none'] = [...now.byNode].sort(([, a], [, b]) => b - a)[0] ?? [];
  const most = fullest(now);
  return html`<td>${cell(now.byNode.size, then?.byNode.size)}</td><td class="words">${
    most === 0 ? '' : html`${cell(most, then === undefined ? undefined : fullest(then))} ${name}`
  }</td>`;
}

function byDomain({byNode}: Placement, {domainOf}: Domains): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [node, replicas] of byNode) {
    const domain = domainOf(node);
    if (domain !== undefined) {
      counts.set(domain, (counts.get(domain) ?? 0) + replicas);
    }
  }
  return counts;
}

/** Undefined where there are too many nodes and no zones: then only how many nodes there are is told. */
function domainsOf(nodes: readonly ReportedNode[]): Domains | undefined {
  if (nodes.length <= MOST_COLUMNS) {
    return {kind: 'node', names: nodes.map(({name}) => name), domainOf: (node) => node};
  }
  const zones = new Map(nodes.map(({name, zone}) => [name, zone]));
  const names = [...new Set(nodes.flatMap(({zone}) => zone ?? []))];
  return names.length === 0 || names.length > MOST_COLUMNS
    ? undefined
    : {kind: 'zone', names, domainOf: (node) => zones.get(node)};
}

function keyOf({namespace, name}: Placement): string {
  return `${namespace}/${name}`;
}
