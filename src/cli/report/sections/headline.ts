/** The answer in one sentence, and the one after it. */
import {listWords} from '../../../simulator/demo/words.ts';
import {count} from '../../output/text.ts';
import {type Html, html} from '../html.ts';
import type {Report, Situation} from '../report.ts';
import {bySeverity, harmsService} from '../severity.ts';

export interface Headline {
  /** Without markup, for the title of the page. */
  readonly text: string;
  readonly title: Html;
  readonly lead: string;
}

/** A sentence, and the names in it that are better not broken. */
interface Sentence {
  readonly subject: string;
  readonly names: readonly string[];
  readonly rest: string;
}

export function headlineOf(report: Report): Headline {
  const {now, stories} = report;
  const byItself = stories.find(({lost}) => lost.length === 0)?.now.rounds ?? [];
  const dying = [...new Set(byItself.flatMap(({nodes}) => nodes.map(({node}) => node)))];
  const {subject, names, rest} =
    dying.length > 0
      ? {subject: '', names: dying, rest: ' will fail at the load of now, without any other cause'}
      : sentenceOf(now);
  const marked = names.map(
    (name, index) =>
      html`${index === 0 ? '' : index === names.length - 1 ? ' and ' : ', '}<span class="name">${name}</span>`,
  );
  return {
    text: `${subject}${listWords(names)}${rest}`,
    title: html`${subject}${marked}${rest}`,
    lead: leadOf(report),
  };
}

function sentenceOf(situation: Situation): Sentence {
  const {losses, pairs, isComplete} = situation;
  const harmful = [...losses].filter(([, verdict]) => harmsService(verdict));
  const [worst] = harmful.sort(([, a], [, b]) => bySeverity(a, b));
  if (worst !== undefined) {
    const [node, {servicesDown, nodesDying}] = worst;
    const harm = listWords([
      ...(servicesDown.length > 0 ? [count(servicesDown.length, 'Service')] : []),
      ...(nodesDying.length > 0 ? [count(nodesDying.length, 'more node')] : []),
    ]);
    return {subject: 'The loss of ', names: [node], rest: ` takes ${harm} with it`};
  }
  return {subject: withoutHarm(isComplete, pairs), names: [], rest: ''};
}

function withoutHarm(isComplete: boolean, pairs: Situation['pairs']): string {
  if (!isComplete) {
    return 'No loss of one node that was judged takes a Service with it, but not every loss was judged';
  }
  if (pairs === undefined) {
    return 'The loss of a node takes no Service with it';
  }
  return pairs.harmful > 0
    ? `No single node takes a Service with it; ${pairs.harmful.toLocaleString('en')} of ${pairs.total.toLocaleString('en')} pairs of nodes do`
    : 'No loss of one node or of two takes a Service with it';
}

function leadOf({plan, after}: Report): string {
  const {edits, moves, blocked} = plan.summary;
  if (after === undefined) {
    return blocked > 0
      ? `Nothing can be done by the operator now: ${count(blocked, 'Deployment is', 'Deployments are')} blocked.`
      : 'There is nothing that the operator would do about it.';
  }
  const acts = listWords([
    ...(moves > 0 ? [count(moves, 'move')] : []),
    ...(edits > 0 ? [count(edits, 'edited pod template')] : []),
  ]);
  const {subject, names, rest} = sentenceOf(after);
  return `After what the operator would do (${acts}): ${subject.charAt(0).toLowerCase()}${subject.slice(1)}${listWords(names)}${rest}.`;
}
