/** What the operator would do, in its order, and what stands in its way. */
import {listChoices} from '../../../planning/explain.ts';
import {count} from '../../output/text.ts';
import type {PlannedWorkload} from '../../views/move-plan.ts';
import {type Html, html} from '../html.ts';
import type {Report} from '../report.ts';
import {prose, tag} from '../words.ts';

const SHOWN = 50;
const SHOWN_MOVES = 20;
const FEW_MOVES = 3;

export function plan({plan: {workloads, circuitOpen, stalledPolicies}, isPolicyAssumed}: Report): Html {
  const withMoves = workloads.filter(({moves, next}) => moves.length > 0 || next === 'Blocked');
  const onlyEdits = workloads.filter((each) => !withMoves.includes(each) && each.edit !== undefined);
  return html`
<section aria-labelledby="plan">
<h2 id="plan">What the operator would do</h2>
${circuitOpen !== undefined && html`<p>${tag('bad', 'nothing now')} ${circuitOpen}</p>`}
${stalledPolicies.map(({policy, message}) => html`<p>${tag('warn', 'policy not acted on')} ${policy}: ${message}</p>`)}
${isPolicyAssumed && html`<p class="quiet small">For Deployments that no SpreadPolicy selects, one with all defaults is assumed: no two replicas on one node.</p>`}
${withMoves.length + onlyEdits.length === 0 && html`<p>Nothing: every Deployment lies as its policy wants it.</p>`}
${worstFirst(withMoves).slice(0, SHOWN).map(step)}
${withMoves.length > SHOWN && html`<p class="quiet small">and ${withMoves.length - SHOWN} more Deployments: kubectl spread plan tells all of them.</p>`}
${
  onlyEdits.length > 0 &&
  html`<details><summary>${count(onlyEdits.length, 'Deployment')} that only ${onlyEdits.length === 1 ? 'gets' : 'get'} a placement rule, so that it stays so</summary>
<ul>${onlyEdits.slice(0, SHOWN).map(({namespace, name, edit}) => html`<li>${namespace}/${name}: ${edit?.description}</li>`)}</ul>
${onlyEdits.length > SHOWN && html`<p class="quiet small">and ${onlyEdits.length - SHOWN} more</p>`}</details>`
}
</section>`;
}

function worstFirst(workloads: readonly PlannedWorkload[]): PlannedWorkload[] {
  return workloads.toSorted((a, b) => b.movesNeeded - a.movesNeeded);
}

function step({
  namespace,
  name,
  replicas,
  next,
  message,
  edit,
  moves,
  blocked,
  movesNeeded,
  afterwards,
}: PlannedWorkload): Html {
  const rest = afterwards?.movesNeeded ?? 0;
  return html`
<article class="step">
<h3>${namespace}/${name} ${next === 'Blocked' ? tag('bad', 'blocked') : tag('plain', count(movesNeeded, 'move'))}</h3>
<p class="quiet">${count(replicas, 'replica')}; ${message}</p>
${edit !== undefined && html`<p><strong>First:</strong> its pod template gets the rule (${edit.description}). The rollout replaces its replicas, and the scheduler places them anew.${moves.length > 0 && ' On the present template these moves would follow:'}</p>`}
${moves.length > 0 && moveList(moves, `${namespace}/${name}`)}
${blocked !== undefined && html`<p>${tag('warn', blocked.reason)} ${blocked.message}<br><strong>To unblock:</strong> ${prose(blocked.toUnblock)}</p>`}
${rest > 0 && html`<p>${tag('warn', `${rest} left`)} ${afterwards?.message}</p>`}
${edit?.patch !== undefined && html`<details><summary>The patch, for a manifest in Git<span class="hidden"> (${namespace}/${name})</span></summary><pre tabindex="0" aria-label="Patch of ${namespace}/${name}">${edit.patch}</pre></details>`}
</article>`;
}

function moveList(moves: PlannedWorkload['moves'], of: string): Html {
  const list = html`<ol>${moves
    .slice(0, SHOWN_MOVES)
    .map(
      ({pod, from, to, certainty, reason}) =>
        html`<li>${pod} from ${from} to ${listChoices(to)} <span class="quiet">(${certainty}: ${reason})</span></li>`,
    )}</ol>${moves.length > SHOWN_MOVES && html`<p class="quiet small">and ${moves.length - SHOWN_MOVES} more</p>`}`;
  return moves.length > FEW_MOVES
    ? html`<details><summary>${count(moves.length, 'move')}, one after the other<span class="hidden"> (${of})</span></summary>${list}</details>`
    : list;
}
