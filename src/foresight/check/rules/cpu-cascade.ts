/** CPU that takes one node down after the other: as it is, after the loss of a node, or with the replicas piled up. */
import {stringify} from 'yaml';
import {API_VERSION, KIND} from '../../../api/names.ts';
import {capabilitiesOf, desiredRule, type PlacementRule} from '../../../injection/rule.ts';
import {milliOf, SERVICE_LOAD} from '../../../simulator/load/pod-cpu.ts';
import {keyOf} from '../../../simulator/objects.ts';
import {foresee} from '../../foresee.ts';
import {lossOf} from '../../loss.ts';
import type {LossRound, Outcome} from '../../outcome.ts';
import {nodeForAll} from '../co-location.ts';
import {type CheckContext, type CheckRule, HOSTNAME} from '../context.ts';
import {selectingLabels} from '../cures.ts';
import {describeObject, type Finding, referenceOf} from '../finding.ts';
import {stageManifests} from '../stage.ts';
import {type ServiceView, stagedPicture, viewOf, type WorkloadView} from '../view.ts';

const OPTIONS = {horizonSeconds: 1800};

/** What leads to the cascade, so that the cure can be tried on the same. */
interface Scenario {
  readonly kind: 'calm' | 'loss' | 'together';
  readonly outcome: Outcome;
  readonly begins: string;
  readonly onlyNode?: string;
}

export const cpuCascade: CheckRule = {
  id: 'cpu-cascade',
  summary: 'The CPU load takes one node down after the other',

  find(context) {
    const scenario = context.cpuBasis() === 'requests' ? undefined : scenarioOf(context);
    const workload = scenario === undefined ? undefined : mostLoaded(context, scenario.outcome);
    return scenario === undefined || workload?.manifest === undefined
      ? []
      : [findingOf(context, scenario, {...workload, manifest: workload.manifest})];
  },
};

function scenarioOf(context: CheckContext): Scenario | undefined {
  const {calm, view, tell, isBudgetSpent} = context;
  if (isCascade(calm())) {
    return {kind: 'calm', outcome: calm(), begins: 'Under its own load, with nothing lost:'};
  }
  const together = isBudgetSpent() ? undefined : piledUp(context);
  if (together !== undefined) {
    return together;
  }
  for (const node of loadedNodes(view.services)) {
    if (isBudgetSpent()) {
      return undefined;
    }
    tell(`simulating the loss of ${node}`);
    const outcome = lossOf(view.picture, [node], OPTIONS);
    if (isCascade(outcome)) {
      return {kind: 'loss', outcome, begins: `When ${node} is lost:`};
    }
  }
  return undefined;
}

/** Those with an endpoint of a Service that has a load: the loss of any other shifts none. */
function loadedNodes(services: readonly ServiceView[]): string[] {
  const pods = services.filter((service) => loadOf(service) > 0).flatMap((service) => service.pods);
  return [...new Set(pods.flatMap(({spec}) => spec.nodeName ?? []))].sort();
}

/** Everything on the one node that took pods while it was applied, as during an upgrade of the nodes. */
function piledUp({request, view, governed}: CheckContext): Scenario | undefined {
  const pods = view.services.filter((service) => loadOf(service) > 0).flatMap((service) => service.pods);
  const node = nodeForAll([...new Set(pods)], view.caches.cache.state);
  if (pods.length === 0 || node === undefined) {
    return undefined;
  }
  const outcome = outcomeWhenTogether({...request, rules: rulesOf(governed)}, node);
  return isCascade(outcome)
    ? {
        kind: 'together',
        outcome,
        onlyNode: node,
        begins: `With the replicas together on ${node}, as after an upgrade in which it was the first node that took pods:`,
      }
    : undefined;
}

function outcomeWhenTogether(request: CheckContext['request'], onlyNode: string): Outcome {
  return foresee(stagedPicture(stageManifests({...request, onlyNode})), [], OPTIONS);
}

function rulesOf(governed: CheckContext['governed']): ReadonlyMap<string, PlacementRule> {
  return new Map(
    governed.flatMap(({workload, rule}) => (rule === undefined ? [] : [[keyOf(workload), rule]])),
  );
}

function findingOf(
  context: CheckContext,
  scenario: Scenario,
  workload: WorkloadView & {manifest: NonNullable<WorkloadView['manifest']>},
): Finding {
  const {outcome, begins} = scenario;
  const nodes = [...new Set(outcome.rounds.flatMap((round) => round.nodes.map(({node}) => node)))];
  const services = [...new Set(outcome.outages.map(({service}) => service))];
  return {
    rule: 'cpu-cascade',
    level: 'error',
    object: referenceOf(workload),
    position: workload.manifest.locate(['spec', 'template', 'spec', 'containers', 0, 'resources']),
    title: `CPU takes ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'} down, one after the other${services.length === 0 ? '' : `, and with them ${services.join(', ')}`}`,
    why: [
      begins,
      ...describeRounds(outcome),
      'A node whose CPU is saturated for two minutes is taken to die (panicAfterSeconds in docs/simulator.md).',
    ],
    cure: cureOf(context, scenario),
  };
}

function cureOf(context: CheckContext, scenario: Scenario): Finding['cure'] {
  const candidates = context.view.workloads.filter(
    (workload) =>
      workload.kind === 'Deployment' &&
      workload.manifest !== undefined &&
      workload.replicas > 1 &&
      context.view.services.some((service) => loadOf(service) > 0 && service.workloads.includes(workload)) &&
      selectingLabels(workload) !== undefined,
  );
  const rules = new Map([
    ...rulesOf(context.governed),
    ...candidates.map((each) => [keyOf(each), hardRule(context, each)] as const),
  ]);
  if (candidates.length > 0 && stops(context, scenario, rules)) {
    return {
      text: 'One replica per node stops it (tried in the simulation: no node dies, also at the loss of any one):',
      yaml: policies(candidates),
    };
  }
  return {
    text: 'To keep the replicas apart is not enough here: request what the pods really use, so that the scheduler keeps room for it, lower their limits, or add nodes.',
  };
}

function stops(
  {request}: CheckContext,
  scenario: Scenario,
  rules: ReadonlyMap<string, PlacementRule>,
): boolean {
  const cured = {...request, rules};
  const view = viewOf(stageManifests(cured));
  return (
    !isCascade(foresee(view.picture, [], OPTIONS)) &&
    loadedNodes(view.services).every((node) => !isCascade(lossOf(view.picture, [node], OPTIONS))) &&
    (scenario.onlyNode === undefined || !isCascade(outcomeWhenTogether(cured, scenario.onlyNode)))
  );
}

function hardRule({request, view}: CheckContext, {namespace, name}: WorkloadView): PlacementRule {
  const workload = view.caches.cache.workload(`${namespace}/${name}`);
  if (workload === undefined) {
    throw new RangeError(`Deployment ${namespace}/${name}: expected one of the staged cluster, found none`);
  }
  return desiredRule({
    workload,
    spec: {
      topologies: [
        {topologyKey: HOSTNAME, distribution: 'Separate', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule'},
      ],
    },
    eligibleNodes: () => Number.POSITIVE_INFINITY,
    capabilities: capabilitiesOf(request.picture.server),
    resolveAuto: () => 'DoNotSchedule',
  }).rule;
}

/** One for each namespace where the Deployments share the key of their label, one for each Deployment otherwise. */
function policies(workloads: readonly WorkloadView[]): string {
  const groups = new Map<string, WorkloadView[]>();
  for (const workload of workloads) {
    const keys = Object.keys(selectingLabels(workload) ?? {});
    const [first] = keys;
    const group =
      keys.length === 1 ? `${workload.namespace} ${first}` : `${workload.namespace} ${workload.name}`;
    groups.set(group, [...(groups.get(group) ?? []), workload]);
  }
  return [...groups.values()].map((group) => stringify(policyFor(group), {lineWidth: 0})).join('---\n');
}

function policyFor(workloads: readonly WorkloadView[]): object {
  const [first] = workloads;
  const labels = first === undefined ? {} : (selectingLabels(first) ?? {});
  const [key = ''] = Object.keys(labels);
  const selector =
    workloads.length < 2
      ? {matchLabels: labels}
      : {
          matchExpressions: [
            {key, operator: 'In', values: workloads.map((each) => selectingLabels(each)?.[key] ?? '')},
          ],
        };
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {name: 'one-per-node', namespace: first?.namespace},
    spec: {
      selector,
      topologies: [{topologyKey: HOSTNAME, distribution: 'Separate', whenUnsatisfiable: 'DoNotSchedule'}],
    },
  };
}

/** Until no further node dies for the first time: what follows is more of the same. */
function describeRounds({rounds, settles}: Outcome): string[] {
  const died = new Set<string>();
  let last = 0;
  for (const [index, {nodes}] of rounds.entries()) {
    const before = died.size;
    for (const {node} of nodes) {
      died.add(node);
    }
    last = died.size > before ? index + 1 : last;
  }
  const more = rounds.length > last || !settles ? ['and so on: as the nodes come back, it goes on.'] : [];
  return [...rounds.slice(0, last).map(describeRound), ...more];
}

function describeRound({round, atSeconds, nodes, servicesDown, moves, pending}: LossRound): string {
  const deaths = nodes.map(({node, why, demand, capacity}) =>
    why === 'lost'
      ? `${node} is lost`
      : `${node} dies of its CPU${demand === undefined || capacity === undefined ? '' : ` (${demand}m wanted of ${capacity}m)`}`,
  );
  const parts = [
    deaths.join(', '),
    ...(servicesDown.length === 0 ? [] : [`no endpoint left: ${servicesDown.join(', ')}`]),
    ...(moves.length === 0
      ? []
      : [
          `${moves.length} ${moves.length === 1 ? 'replica goes' : 'replicas go'} to ${[...new Set(moves.map(({to}) => to))].sort().join(', ')}`,
        ]),
    ...(pending.length === 0 ? [] : [`${pending.length} ${pending.length === 1 ? 'stays' : 'stay'} Pending`]),
  ];
  return `round ${round}, after ${atSeconds} s: ${parts.join('; ')}`;
}

function isCascade({rounds}: Outcome): boolean {
  return rounds.some(({nodes}) => nodes.some(({why}) => why === 'panicked'));
}

/** Of the manifests, the one that loses the most replicas in the first round that loses any. */
function mostLoaded({view}: CheckContext, {rounds}: Outcome): WorkloadView | undefined {
  for (const {replicasLost} of rounds) {
    const byLoss = [...replicasLost].sort((a, b) => b.lost - a.lost);
    for (const {workload} of byLoss) {
      const found = view.workloads.find(
        (each) => each.manifest !== undefined && describeObject(each) === describeObject(workload),
      );
      if (found !== undefined) {
        return found;
      }
    }
  }
  return undefined;
}

function loadOf({
  object,
}: {
  readonly object: {readonly metadata: {readonly annotations?: Readonly<Record<string, string>>}};
}): number {
  return milliOf(object.metadata.annotations?.[SERVICE_LOAD]);
}
