/** A plan for people. */
import {listChoices, listNames} from '../../planning/explain.ts';
import {count, type Text} from '../output/text.ts';
import {paragraph} from '../output/wrap.ts';
import {closedClusterLine} from './closed-cluster.ts';
import type {MovePlan, PlannedStep, PlannedWorkload} from './move-plan.ts';
import {placementText, shortKey} from './placement.ts';

const INDENT = 11;
const NAMES_SHOWN = 20;
/** Of more Deployments that only get their rule, the names are enough. */
const MOST_EDITS = 10;

export interface PlanTextOptions {
  /** Whether a policy was assumed for whatever no other selects: then none is selected where there is none. */
  readonly isPolicyAssumed: boolean;
  readonly width: number | undefined;
}

export function planLines(plan: MovePlan, options: PlanTextOptions): Text[] {
  const {width} = options;
  const {workloads, scope, circuitOpen, stalledPolicies, notes} = plan;
  const busy = workloads.filter(({next}) => next !== 'Nothing');
  const quiet = workloads.filter(({next}) => next === 'Nothing');
  const lines: Text[] = [...paragraph([{text: scope, tone: 'dim'}], width), ''];
  lines.push(...closedLines(plan, width));
  if (circuitOpen !== undefined) {
    lines.push(
      ...paragraph(
        [{text: 'Nothing is moved or edited in the whole cluster: ', tone: 'bad'}, circuitOpen],
        width,
      ),
      '',
    );
  }
  for (const {policy, message} of stalledPolicies) {
    lines.push(
      ...paragraph([{text: `SpreadPolicy ${policy} is not acted on: `, tone: 'bad'}, message], width),
      '',
    );
  }
  const edited = busy.filter(isEditedOnly);
  const isLong = edited.length > MOST_EDITS;
  for (const workload of busy) {
    if (!isLong || !isEditedOnly(workload)) {
      lines.push(...workloadLines(workload, width), '');
    }
  }
  if (isLong) {
    for (const [description = '', of] of Map.groupBy(edited, ({edit}) => edit?.description)) {
      lines.push(
        ...paragraph(
          [
            {text: `${count(of.length, 'pod template')} edited, and nothing else: `, tone: 'strong'},
            `${description}: ${listNames(of.map(titleOf), NAMES_SHOWN)}`,
          ],
          width,
        ),
        '',
      );
    }
  }
  if (quiet.length > 0) {
    const names = quiet.map(titleOf);
    lines.push(
      ...paragraph([{text: 'Nothing to do: ', tone: 'good'}, listNames(names, NAMES_SHOWN)], width),
      '',
    );
  }
  lines.push(...summaryLines(plan, options));
  for (const note of notes) {
    lines.push(...paragraph([{text: `Note: ${note}`, tone: 'dim'}], width));
  }
  return lines;
}

function closedLines({clusterClosed}: MovePlan, width: number | undefined): Text[] {
  return clusterClosed === undefined ? [] : [...paragraph(closedClusterLine(clusterClosed), width), ''];
}

function workloadLines(workload: PlannedWorkload, width: number | undefined): Text[] {
  const {policy, message, topologies, edit, moves, blocked, afterwards, next} = workload;
  const labelled = (label: string, text: Text) => paragraph(text, width, INDENT, [`  ${label}`]);
  const lines: Text[] = [
    ...paragraph(
      [
        {text: titleOf(workload), tone: 'strong'},
        `   ${message}`,
        {text: `   ${describePolicy(policy)}`, tone: 'dim'},
      ],
      width,
    ),
    ...topologies.flatMap((topology) => labelled(shortKey(topology.topologyKey), placementText(topology))),
  ];
  if (edit !== undefined) {
    const rollout = `Its rollout replaces ${replicasOf(workload.replicas)}, and the scheduler places ${workload.replicas === 1 ? 'it' : 'them'} anew.`;
    lines.push(
      ...labelled(
        'first',
        edit.patch === undefined
          ? `${edit.description} of the pod template. ${rollout}`
          : `the pod template gets the rule: ${edit.description}. ${rollout}`,
      ),
    );
    if (moves.length > 0) {
      lines.push(...labelled('else', 'on the present template these moves would follow:'));
    }
  }
  if (blocked !== undefined && next !== 'Edit') {
    lines.push(
      ...labelled('blocked', [
        {text: blocked.reason, tone: 'bad'},
        ...(message === blocked.message ? [] : [`: ${blocked.message}`]),
      ]),
      ...labelled('unblock', blocked.toUnblock),
      ...(moves.length > 0
        ? labelled('after', 'when nothing blocks it any more, these moves would follow:')
        : []),
    );
  }
  for (const [index, move] of moves.entries()) {
    lines.push(...moveLines(move, index, width));
  }
  for (const topology of afterwards?.topologies ?? []) {
    lines.push(...labelled('then', placementText(topology)));
  }
  if (afterwards !== undefined && afterwards.movesNeeded > 0) {
    lines.push(
      ...labelled('', [
        {text: `still ${count(afterwards.movesNeeded, 'move')} needed: `, tone: 'warn'},
        afterwards.message,
      ]),
    );
  }
  return lines;
}

function moveLines(
  {pod, from, to, certainty, reason}: PlannedStep,
  index: number,
  width: number | undefined,
): Text[] {
  return [
    ...paragraph(
      [
        {text: pod, tone: 'strong'},
        ` from ${from} to ${listChoices(to)} `,
        {text: `(${certainty})`, tone: 'dim'},
      ],
      width,
      INDENT,
      `  move ${index + 1}`,
    ),
    ...paragraph([{text: reason, tone: 'dim'}], width, INDENT),
  ];
}

function summaryLines({summary, workloads}: MovePlan, {isPolicyAssumed, width}: PlanTextOptions): Text[] {
  if (summary.workloads === 0) {
    return paragraph(
      isPolicyAssumed
        ? 'There are no Deployments here that a policy could select.'
        : 'No SpreadPolicy selects a Deployment here, so the operator would do nothing. See what a policy would do with -f FILE, or with --default-policy.',
      width,
    );
  }
  const {edits, moves, blocked} = summary;
  const parts = [
    ...(edits > 0 ? [`${count(edits, 'pod template')} edited first`] : []),
    ...(moves > 0 ? [count(moves, 'move')] : []),
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
  ];
  const isDone = workloads.every(({next}) => next === 'Nothing');
  return paragraph(
    [
      {text: `${count(summary.workloads, 'Deployment')} under a policy: `, tone: 'strong'},
      isDone
        ? {text: 'all as the policies want them', tone: 'good'}
        : parts.length === 0
          ? 'nothing to do but to wait'
          : parts.join(', '),
      '.',
    ],
    width,
  );
}

function isEditedOnly({edit, moves, blocked}: PlannedWorkload): boolean {
  return edit !== undefined && moves.length === 0 && blocked === undefined;
}

function replicasOf(number: number): string {
  return number === 1 ? 'the replica' : number === 2 ? 'both replicas' : `all ${number} replicas`;
}

function titleOf({namespace, name}: {readonly namespace: string; readonly name: string}): string {
  return `${namespace}/${name}`;
}

function describePolicy({name, source}: PlannedWorkload['policy']): string {
  switch (source) {
    case 'Assumed':
      return 'under a policy with all defaults, assumed';
    case 'File':
      return `policy ${name}, not applied yet`;
    case 'Cluster':
      return `policy ${name}`;
  }
}
