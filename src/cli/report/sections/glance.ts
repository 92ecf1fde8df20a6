/** The figures that a meeting asks for, each with what it would be after the plan. */
import {type Html, html} from '../html.ts';
import type {Report, Situation} from '../report.ts';
import {harmsService} from '../severity.ts';
import type {Grade} from '../words.ts';

interface Tile {
  readonly label: string;
  readonly grade: Grade;
  readonly figure: number | string;
  readonly of?: string;
  /** What follows it. */
  readonly remark?: string;
}

export function glance(report: Report): Html {
  return html`
<section class="bare" aria-labelledby="glance">
<h2 id="glance" class="hidden">At a glance</h2>
<dl class="tiles">${tilesOf(report).map(
    ({label, grade, figure, of, remark}) => html`
<div class="tile ${grade}"><dt>${label}</dt>
<dd><span class="figure">${figure}${of !== undefined && html` <small>${of}</small>`}</span>
${remark !== undefined && html`<div class="remark">${remark}</div>`}</dd></div>`,
  )}
</dl>
</section>`;
}

function tilesOf({now, after, plan}: Report): Tile[] {
  const {moves, edits, blocked} = plan.summary;
  const nodes = harmfulNodes(now);
  const tiles: Tile[] = [
    {
      label: 'Nodes whose loss takes a Service down',
      grade: nodes > 0 ? 'bad' : 'good',
      figure: nodes,
      of: `of ${now.losses.size.toLocaleString('en')}`,
      ...(after === undefined ? {} : {remark: thenOf(harmfulNodes(after), after)}),
    },
  ];
  if (now.pairs !== undefined) {
    const {harmful, total, undecided} = now.pairs;
    tiles.push({
      label: 'Pairs of nodes whose loss takes a Service down',
      grade: harmful > 0 ? 'warn' : 'good',
      figure: harmful.toLocaleString('en'),
      of: `of ${total.toLocaleString('en')}${undecided > 0 ? `, ${undecided.toLocaleString('en')} not judged` : ''}`,
      ...(after?.pairs === undefined ? {} : {remark: thenOf(after.pairs.harmful, after)}),
    });
  }
  const needed = now.placements.reduce((sum, {movesNeeded}) => sum + movesNeeded, 0);
  tiles.push(
    {
      label: 'Moves that would spread the replicas',
      grade: needed > 0 ? 'warn' : 'good',
      figure: needed,
      remark: needed === 0 ? 'every Deployment is spread' : `the operator would make ${moves} now`,
    },
    {
      label: 'Deployments that something blocks',
      grade: blocked > 0 ? 'warn' : 'good',
      figure: blocked,
      of: `of ${plan.summary.workloads.toLocaleString('en')}`,
      ...(edits > 0 ? {remark: `${edits} get a placement rule`} : {}),
    },
  );
  return tiles;
}

function harmfulNodes({losses}: Situation): number {
  return [...losses.values()].filter(harmsService).length;
}

function thenOf(figure: number, {isComplete}: Situation): string {
  return `after the plan: ${isComplete ? '' : 'at least '}${figure.toLocaleString('en')}`;
}
