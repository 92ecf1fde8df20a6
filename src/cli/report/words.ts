/** Parts of sentences and small marks that several sections share. */
import type {LossVerdict} from '../../foresight/loss-verdict.ts';
import {listNames} from '../../planning/explain.ts';
import {asDuration, listWords} from '../../simulator/demo/words.ts';
import {count} from '../output/text.ts';
import {type Html, html} from './html.ts';

export type Grade = 'bad' | 'warn' | 'good' | 'plain';

/** Text with `commands` in it. */
export function prose(text: string): Html {
  return html`${text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

/** A shape and a word: the colour only repeats them. */
const SIGNS: Readonly<Record<Grade, string>> = {bad: '✕', warn: '!', good: '✓', plain: '·'};

export function tag(grade: Grade, text: string): Html {
  return html`<span class="tag ${grade}"><span aria-hidden="true">${SIGNS[grade]}</span>${text}</span>`;
}

/** `2:05` of a story; hours are minutes too. */
export function clockTime(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, '0')}`;
}

export function duration(seconds: number): string {
  return asDuration(seconds * 1000);
}

/** `nothing is lost`, `node-1 is lost`, `node-1 and node-2 are lost` */
export function lossWords(lost: readonly string[]): string {
  if (lost.length === 0) {
    return 'nothing is lost';
  }
  return `${listWords(lost)} ${lost.length === 1 ? 'is' : 'are'} lost`;
}

const NAMED = 6;

/** What a loss does, one line for each kind of harm. */
function verdictLines({servicesDown, pending, nodesDying, settles}: LossVerdict): Html[] {
  const lines: Html[] = [];
  if (nodesDying.length > 0) {
    lines.push(
      html`${tag('bad', count(nodesDying.length, 'node follows', 'nodes follow'))} ${listNames(nodesDying, NAMED)}`,
    );
  }
  if (servicesDown.length > 0) {
    lines.push(
      html`${tag('bad', count(servicesDown.length, 'Service down', 'Services down'))} ${listNames(servicesDown, NAMED)}`,
    );
  }
  if (pending.length > 0) {
    lines.push(html`${tag('warn', 'Pending')} replicas of ${listNames(pending, NAMED)} find no node`);
  }
  if (!settles) {
    lines.push(html`${tag('warn', 'does not settle')} within the hour that is looked at`);
  }
  return lines.length === 0 ? [html`${tag('good', 'nothing')} but room to spare is lost`] : lines;
}

export function verdictCell(verdict: LossVerdict | undefined): Html {
  return verdict === undefined
    ? html`${tag('plain', 'not judged')}`
    : html`<ul>${verdictLines(verdict).map((line) => html`<li>${line}</li>`)}</ul>`;
}
