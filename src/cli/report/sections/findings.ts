/** What `check` finds in the manifests, the worst first. */
import {describeObject, type Finding, LEVELS, type Level} from '../../../foresight/check/finding.ts';
import {describePosition} from '../../../foresight/check/manifest-object.ts';
import {count} from '../../output/text.ts';
import {type Html, html} from '../html.ts';
import type {Report} from '../report.ts';
import {type Grade, prose, tag} from '../words.ts';

const GRADES: Readonly<Record<Level, Grade>> = {error: 'bad', warning: 'warn', note: 'plain'};
const SHOWN = 100;

export function findings({findings: all = []}: Report): Html {
  const open = all
    .filter(({suppressed}) => suppressed === undefined)
    .toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  const silenced = all.filter(({suppressed}) => suppressed !== undefined);
  return html`
<section aria-labelledby="findings">
<h2 id="findings">Findings in the manifests</h2>
${open.length === 0 && html`<p>${tag('good', 'none')} Nothing is wrong with the manifests that could be told.</p>`}
${open.slice(0, SHOWN).map(finding)}
${open.length > SHOWN && html`<p class="quiet small">and ${open.length - SHOWN} more: kubectl spread check tells all of them.</p>`}
${
  silenced.length > 0 &&
  html`<details><summary>${count(silenced.length, 'finding')} that somebody silenced, with the reason</summary>
<ul>${silenced.map(
    ({title, object, suppressed}) =>
      html`<li>${describeObject(object)}: ${title}. <strong>Silenced by ${suppressed?.by}:</strong> ${suppressed?.reason}</li>`,
  )}</ul></details>`
}
</section>`;
}

function finding({rule, level, object, position, title, why, cure}: Finding): Html {
  const where = describePosition(position);
  return html`
<article class="step">
<h3>${tag(GRADES[level], level)} ${title}</h3>
<p class="quiet">${describeObject(object)}, <code>${where}</code> (${rule})</p>
<ul>${why.map((line) => html`<li>${prose(line)}</li>`)}</ul>
<p><strong>Cure:</strong> ${prose(cure.text)}</p>
${cure.yaml !== undefined && html`<details><summary>The YAML for it<span class="hidden"> (${describeObject(object)}, ${rule})</span></summary><pre tabindex="0" aria-label="Cure of ${rule} for ${describeObject(object)}">${cure.yaml}</pre></details>`}
</article>`;
}
