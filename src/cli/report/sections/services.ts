/** The Services that hang on few nodes, now and after the plan. */
import {listNames} from '../../../planning/explain.ts';
import {count} from '../../output/text.ts';
import {type Html, html} from '../html.ts';
import type {Report, ServiceRisk, Situation} from '../report.ts';
import {tag} from '../words.ts';

const SHOWN = 15;
const NAMED = 4;

export function services({now, after}: Report): Html {
  const names = [...now.services.keys(), ...(after?.services.keys() ?? [])];
  const all = [...new Set(names)];
  const row = (name: string): Html => html`
<tr role="row"><th scope="row" role="rowheader">${name}</th>
<td role="cell"><span class="label">Goes down now with</span>${riskCell(now.services.get(name), now)}</td>
${after !== undefined && html`<td role="cell"><span class="label">Goes down after the plan with</span>${riskCell(after.services.get(name), after)}</td>`}</tr>`;
  const table = (shown: readonly string[], caption: string): Html => html`
<table class="losses" role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Service</th><th scope="col" role="columnheader">Goes down now with</th>
${after !== undefined && html`<th scope="col" role="columnheader">Goes down after the plan with</th>`}</tr></thead>
<tbody role="rowgroup">${shown.map(row)}</tbody></table>`;
  return html`
<section aria-labelledby="services">
<h2 id="services">Services that hang on few nodes</h2>
${
  all.length === 0
    ? html`<p>${
        now.isComplete
          ? html`${tag('good', 'none')} Every Service keeps an endpoint, whichever one or two nodes are lost.`
          : html`${tag('plain', 'none found')} Not every loss was judged.`
      }</p>`
    : table(
        all.slice(0, SHOWN),
        'Services that lose their last endpoint with one node or with two, the worst first',
      )
}
${all.length > SHOWN && html`<details><summary>${count(all.length - SHOWN, 'more Service', 'more Services')}</summary>${table(all.slice(SHOWN), 'More Services')}</details>`}
</section>`;
}

function riskCell(risk: ServiceRisk | undefined, {isComplete}: Situation): Html {
  if (risk === undefined) {
    return isComplete ? tag('good', 'no one node, no pair') : tag('plain', 'none found, not all judged');
  }
  const {nodes, pairs, pair = []} = risk;
  const ofPairs = count(pairs, 'pair');
  return nodes.length === 0
    ? html`${tag('warn', ofPairs)} ${pairs > 1 && 'such as '}${pair.join(' + ')}`
    : html`${tag('bad', count(nodes.length, 'node'))} ${listNames(nodes, NAMED)} <span class="quiet">(${ofPairs})</span>`;
}
