/** The worst losses told in full: what dies when, what is down for how long, and where the replicas go. */
import {
  describeWorkload,
  type LossRound,
  type Outcome,
  type ServiceOutage,
} from '../../../foresight/outcome.ts';
import {listNames} from '../../../planning/explain.ts';
import {listWords} from '../../../simulator/demo/words.ts';
import {count} from '../../output/text.ts';
import {type Html, html} from '../html.ts';
import type {Report, Story} from '../report.ts';
import {clockTime, duration, lossWords, tag} from '../words.ts';

/** Units of the drawing. */
const WIDTH = 1000;
const MARK = 6;
/** Of a drawing, seconds: shorter stories would look long. */
const SHORTEST = 600;
const SHOWN_ROWS = 20;
const SHOWN_TIMES = 3;
/** Nodes that come back and fail again tell the same again. */
const SHOWN_ROUNDS = 5;
const SHOWN = 8;

export function stories(report: Report): Html {
  return html`
<section aria-labelledby="stories">
<h2 id="stories">How it would go</h2>
${
  report.stories.length === 0
    ? html`<p>No loss of a node takes anything with it that would be worth a story.</p>`
    : report.stories.map((story, index) => tell(story, `story-${index + 1}`))
}
</section>`;
}

function tell({lost, now, after}: Story, id: string): Html {
  const words = lossWords(lost);
  return html`
<article class="story" aria-labelledby="${id}">
<h3 id="${id}">If ${words}</h3>
<p>${summaryOf(now)}</p>
${now.outages.length + dyingIn(now) > 0 && timeline(now, words)}
<ol class="events">${now.rounds.slice(0, SHOWN_ROUNDS).map(event)}</ol>
${
  now.rounds.length > SHOWN_ROUNDS &&
  html`<details><summary>What follows<span class="hidden"> if ${words}</span></summary><ol class="events">${now.rounds.slice(SHOWN_ROUNDS).map(event)}</ol></details>`
}
<p>${ending(now)}</p>
${after !== undefined && html`<p><strong>After the plan:</strong> ${summaryOf(after)}</p>`}
</article>`;
}

function dyingIn({rounds}: Outcome): number {
  return rounds.flatMap(({nodes}) => nodes).length;
}

function summaryOf({rounds, outages, pending}: Outcome): Html {
  const panicked = rounds.flatMap(({nodes}) =>
    nodes.flatMap(({node, why}) => (why === 'panicked' ? node : [])),
  );
  const services = new Set(outages.map(({service}) => service));
  const waiting = pending.filter(({wasPending}) => !wasPending);
  const parts = [
    ...(panicked.length > 0 ? [`${count(new Set(panicked).size, 'node')} run out of CPU and fail`] : []),
    ...(services.size > 0
      ? [`${count(services.size, 'Service loses', 'Services lose')} the last endpoint`]
      : ['every Service keeps an endpoint']),
    ...(waiting.length > 0 ? [`${count(waiting.length, 'replica finds', 'replicas find')} no node`] : []),
  ];
  const isBad = panicked.length + services.size > 0;
  return html`${tag(isBad ? 'bad' : waiting.length > 0 ? 'warn' : 'good', isBad ? 'outage' : waiting.length > 0 ? 'less capacity' : 'survives')} ${listWords(parts)}.`;
}

/** A row for each node that dies and each Service that is down; the drawing repeats what the cells say. */
function timeline(outcome: Outcome, words: string): Html {
  const span = spanOf(outcome);
  const deaths = outcome.rounds.flatMap(({nodes, atSeconds}) => nodes.map((each) => ({...each, atSeconds})));
  const byService = [...Map.groupBy(outcome.outages, ({service}) => service)];
  const rows = [
    ...[...Map.groupBy(deaths, ({node}) => node)].slice(0, SHOWN_ROWS).map(([node, all]) => ({
      what: `Node ${node}`,
      when: describeTimes(
        all.map(({why, atSeconds}) => `${why === 'lost' ? 'lost at' : 'fails at'} ${clockTime(atSeconds)}`),
      ),
      drawing: all.map(
        ({atSeconds}) => html`<rect class="mark" x="${at(atSeconds, span)}" width="${MARK}" height="16"/>`,
      ),
    })),
    ...byService.slice(0, SHOWN_ROWS).map(([service, outages]) => ({
      what: `Service ${service}`,
      when: describeTimes(outages.map(describeOutage)),
      drawing: outages.map(
        ({fromSeconds, toSeconds = span}) =>
          html`<rect class="down" x="${at(fromSeconds, span)}" width="${Math.max(MARK, at(toSeconds, span) - at(fromSeconds, span))}" height="16"/>`,
      ),
    })),
  ];
  const more = byService.length - SHOWN_ROWS;
  return html`
<div class="scroll" role="region" aria-label="Timeline: ${words}" tabindex="0">
<table class="timeline"><caption>Minutes and seconds after the beginning; the bars end at ${clockTime(span)}</caption>
<thead><tr><th scope="col">What</th><th scope="col">When</th><th scope="col">Timeline</th></tr></thead>
<tbody>${rows.map(
    ({what, when, drawing}) => html`
<tr><th scope="row">${what}</th><td>${when}</td><td><svg class="span" viewBox="0 0 ${WIDTH} 16" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="${WIDTH}" height="16"/>${drawing}</svg></td></tr>`,
  )}</tbody></table></div>
${more > 0 && html`<p class="quiet small">and ${count(more, 'more Service', 'more Services')}</p>`}`;
}

function describeTimes(times: readonly string[]): string {
  const more = times.length - SHOWN_TIMES;
  return `${times.slice(0, SHOWN_TIMES).join('; ')}${more > 0 ? `; and ${count(more, 'more time')}` : ''}`;
}

function spanOf({rounds, outages, horizonSeconds}: Outcome): number {
  const last = Math.max(
    SHORTEST,
    ...rounds.map(({atSeconds}) => atSeconds * 1.1),
    ...outages.map(({fromSeconds, toSeconds}) => (toSeconds ?? fromSeconds + SHORTEST) * 1.1),
  );
  return Math.round(Math.min(horizonSeconds, last));
}

function at(seconds: number, span: number): number {
  return Math.min(WIDTH - MARK, Math.round((seconds / span) * WIDTH));
}

function describeOutage({fromSeconds, toSeconds}: ServiceOutage): string {
  return toSeconds === undefined
    ? `from ${clockTime(fromSeconds)} to the end`
    : `${clockTime(fromSeconds)}–${clockTime(toSeconds)}, ${duration(toSeconds - fromSeconds)}`;
}

function event({atSeconds, nodes, replicasLost, servicesDown, moves, pending}: LossRound): Html {
  const lines = [
    ...(replicasLost.length === 0
      ? []
      : [
          `Replicas that go with it: ${listNames(
            replicasLost.map(({workload, lost, of}) => `${describeWorkload(workload)} ${lost} of ${of}`),
            SHOWN,
          )}`,
        ]),
    ...(servicesDown.length === 0 ? [] : [`No endpoint left: ${listNames(servicesDown, SHOWN)}`]),
    ...(moves.length === 0 ? [] : [`Replaced: ${listNames(movesByTarget(moves), SHOWN)}`]),
    ...(pending.length === 0 ? [] : [`Without a node: ${listNames(pending, SHOWN)}`]),
  ];
  const isDeath = nodes.some(({why}) => why === 'panicked');
  return html`
<li class="${isDeath || servicesDown.length > 0 ? 'bad' : ''}"><span class="time">${clockTime(atSeconds)}</span> ${listWords(nodes.map(describeDeath))}
<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul></li>`;
}

function describeDeath({node, why, demand, capacity}: LossRound['nodes'][number]): string {
  if (why === 'lost') {
    return `${node} is lost`;
  }
  return demand === undefined || capacity === undefined
    ? `${node} fails under its load`
    : `${node} fails: ${(demand / 1000).toFixed(1)} CPUs are wanted, it has ${(capacity / 1000).toFixed(1)}`;
}

function movesByTarget(moves: LossRound['moves']): string[] {
  return [...Map.groupBy(moves, ({workload, to}) => `${workload.namespace}/${workload.name} on ${to}`)].map(
    ([words, all]) => `${all.length} of ${words}`,
  );
}

function ending({settles, horizonSeconds, saturated, stranded}: Outcome): Html {
  const owners = [...new Set(stranded.map(({workload}) => describeWorkload(workload)))];
  const sentences = [
    ...(stranded.length > 0
      ? [
          `${count(stranded.length, 'pod')} on lost nodes ${stranded.length === 1 ? 'is' : 'are'} not replaced in the simulation: ${listNames(owners, SHOWN)}.`,
        ]
      : []),
    ...(saturated.length > 0
      ? [
          `In the end ${listNames(saturated.map(({node}) => node))} ${saturated.length === 1 ? 'has' : 'have'} no idle CPU.`,
        ]
      : []),
    settles ? 'Then it settles.' : `After ${duration(horizonSeconds)} it has not settled.`,
  ];
  return html`<span class="quiet">${sentences.join(' ')}</span>`;
}
