/** What the loss of each node would take with it, and of each pair what neither does alone. */
import type {LossGroup} from '../../../foresight/loss-summary.ts';
import {isHarmless} from '../../../foresight/loss-verdict.ts';
import {listNames} from '../../../planning/explain.ts';
import {listWords} from '../../../simulator/demo/words.ts';
import {count} from '../../output/text.ts';
import {type Html, html} from '../html.ts';
import type {NodeCpu, Report, ReportedNode} from '../report.ts';
import {bySeverity} from '../severity.ts';
import {tag, verdictCell} from '../words.ts';

const NO_VERDICT = {servicesDown: [], pending: [], nodesDying: [], settles: true};
const SHOWN_NODES = 25;
const SHOWN_GROUPS = 20;

export function blastRadius(report: Report): Html {
  const {nodes, now, after} = report;
  const sorted = nodes.toSorted((a, b) =>
    bySeverity(now.losses.get(a.name) ?? NO_VERDICT, now.losses.get(b.name) ?? NO_VERDICT),
  );
  const isFine = ({name, trouble}: ReportedNode) =>
    trouble === undefined &&
    isHarmless(now.losses.get(name) ?? {...NO_VERDICT, settles: false}) &&
    isHarmless(after?.losses.get(name) ?? NO_VERDICT);
  const fine = sorted.filter(isFine);
  const others = sorted.filter((node) => !isFine(node));
  return html`
<section aria-labelledby="blast-radius">
<h2 id="blast-radius">Blast radius of each node</h2>
${others.length > 0 && nodeTable(report, others.slice(0, SHOWN_NODES), 'Nodes whose loss hurts, the worst first')}
${
  others.length > SHOWN_NODES &&
  html`<details><summary>${count(others.length - SHOWN_NODES, 'more node')} whose loss hurts</summary>${nodeTable(report, others.slice(SHOWN_NODES), 'More nodes whose loss hurts')}</details>`
}
${
  fine.length > 0 &&
  html`<details ${others.length === 0 && html`open`}><summary>${count(fine.length, 'node')} whose loss takes nothing but room to spare</summary>
<p class="small">${listNames(
    fine.map(({name}) => name),
    fine.length,
  )}</p></details>`
}
${now.pairs !== undefined && pairs(report)}
</section>`;
}

function nodeTable({now, after, basis}: Report, nodes: readonly ReportedNode[], caption: string): Html {
  const cpuLabel = basis === 'requests' ? 'CPU requested' : 'CPU wanted';
  return html`
<table class="losses" role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Node</th><th scope="col" role="columnheader">If it is lost now</th>
${after !== undefined && html`<th scope="col" role="columnheader">If it is lost after the plan</th>`}</tr></thead>
<tbody role="rowgroup">${nodes.map(
    (node) => html`
<tr role="row"><th scope="row" role="rowheader">${node.name}${nodeDetails(node, cpuLabel, now.cpu.get(node.name), after?.cpu.get(node.name))}</th>
<td role="cell"><span class="label">If it is lost now</span>${lossCell(node, now.losses)}</td>
${after !== undefined && html`<td role="cell"><span class="label">If it is lost after the plan</span>${lossCell(node, after.losses)}</td>`}</tr>`,
  )}</tbody></table>`;
}

function lossCell({name, trouble}: ReportedNode, losses: Report['now']['losses']): Html {
  return trouble === 'NotReady'
    ? html`${tag('warn', 'NotReady')} it does not answer now`
    : verdictCell(losses.get(name));
}

function nodeDetails(
  {zone, trouble}: ReportedNode,
  label: string,
  cpu: NodeCpu | undefined,
  then: NodeCpu | undefined,
): Html {
  const words = [...(zone === undefined ? [] : [zone]), ...(trouble === 'Cordoned' ? ['cordoned'] : [])];
  return html`<div class="small quiet">${words.length > 0 && html`${listWords(words)}<br>`}${
    cpu !== undefined &&
    html`${bar(cpu)}${label} ${cpus(cpu.demand)} of ${cpus(cpu.capacity)}${
      then !== undefined && then.demand !== cpu.demand && html`; then ${cpus(then.demand)}`
    }`
  }</div>`;
}

function bar({demand, capacity}: NodeCpu): Html {
  const share = Math.min(1, demand / Math.max(1, capacity));
  return html`<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="8" rx="2"/><rect class="${share >= 1 ? 'full' : 'fill'}" width="${Math.round(share * 100)}" height="8" rx="2"/></svg>`;
}

function cpus(milli: number): string {
  return (milli / 1000).toFixed(1);
}

function pairs({now, after}: Report): Html {
  const {total = 0, harmful = 0, undecided = 0, groups = []} = now.pairs ?? {};
  return html`
<h3 id="pairs" class="apart">Losses of two nodes</h3>
<p>${harmful.toLocaleString('en')} of ${total.toLocaleString('en')} ${total === 1 ? 'pair takes' : 'pairs take'} a Service down or make other nodes fail.${
    after?.pairs !== undefined && ` After the plan it is ${after.pairs.harmful.toLocaleString('en')}.`
  }${undecided > 0 && ` ${undecided.toLocaleString('en')} were not judged.`}</p>
${
  groups.length > 0 &&
  html`<table class="losses" role="table"><caption>What only the loss of both does, beyond what one of them does alone</caption>
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Pairs</th><th scope="col" role="columnheader">If both are lost</th></tr></thead>
<tbody role="rowgroup">${groups.slice(0, SHOWN_GROUPS).map(
    (group) => html`
<tr role="row"><th scope="row" role="rowheader">${pairNames(group)}</th><td role="cell"><span class="label">If both are lost</span>${verdictCell(group)}</td></tr>`,
  )}</tbody></table>
${groups.length > SHOWN_GROUPS && html`<p class="quiet small">and ${groups.length - SHOWN_GROUPS} more kinds of harm: kubectl spread simulate --lose-any 2 lists them.</p>`}`
}`;
}

function pairNames({sets, examples}: LossGroup): string {
  const [first = []] = examples;
  return `${first.join(' + ')}${sets > 1 ? ` and ${count(sets - 1, 'other pair')}` : ''}`;
}
