/** The answer in one sentence, and the one after it. */
import {listWords} from '../../../simulator/demo/words.ts';
import {count} from '../../output/text.ts';
import type {Report, Situation} from '../report.ts';
import {bySeverity, harmsService} from '../severity.ts';

export interface Headline {
  readonly title: string;
  readonly lead: string;
}

export function headlineOf(report: Report): Headline {
  const {now, after, stories} = report;
  const byItself = stories.find(({lost}) => lost.length === 0);
  const dying = byItself?.now.rounds.flatMap(({nodes}) => nodes.map(({node}) => node)) ?? [];
  if (dying.length > 0) {
    return {
      title: `${listWords([...new Set(dying)])} will fail under the load of now, without any other cause`,
      lead: afterLead(report, after),
    };
  }
  return {title: titleOf(now), lead: afterLead(report, after)};
}

function titleOf(situation: Situation): string {
  const {losses, pairs, isComplete} = situation;
  const harmful = [...losses].filter(([, verdict]) => harmsService(verdict));
  const [worst] = harmful.sort(([, a], [, b]) => bySeverity(a, b));
  if (worst !== undefined) {
    const [node, {servicesDown, nodesDying}] = worst;
    const harm = listWords([
      ...(servicesDown.length > 0 ? [count(servicesDown.length, 'Service')] : []),
      ...(nodesDying.length > 0 ? [count(nodesDying.length, 'more node')] : []),
    ]);
    return `The loss of ${node} takes ${harm} with it`;
  }
  if (pairs !== undefined && pairs.harmful > 0 && isComplete) {
    return `No single node takes a Service with it; ${pairs.harmful} of ${pairs.total} pairs of nodes do`;
  }
  if (!isComplete) {
    return 'No loss that was judged takes a Service with it, but not every one was judged';
  }
  return pairs === undefined
    ? 'The loss of a node takes no Service with it'
    : 'No loss of one node or of two takes a Service with it';
}

function afterLead({plan}: Report, after: Situation | undefined): string {
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
  const title = titleOf(after);
  return `After what the operator would do (${acts}): ${title.charAt(0).toLowerCase()}${title.slice(1)}.`;
}
