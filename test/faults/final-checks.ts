/** What must be so when the faults have ceased and some time has passed. */
import type {SpreadPolicy, WorkloadStatus} from '../../src/api/types.ts';
import {type DeploymentObject, keyOf} from '../../src/simulator/objects.ts';
import {type Facts, governingPolicy, isTerminating, POLICIES, replicasOf, unrestOf} from './facts.ts';
import type {Invariants} from './invariants.ts';
import type {Moves} from './moves.ts';
import {isInjected} from './template-truth.ts';

const DONE: ReadonlySet<string> = new Set(['Spread', 'Excluded', 'Planned', 'Blocked']);

/** Whether the status speaks of something that is not at its end, a pause or an open circuit among it. */
export function isUnderWay(facts: Facts, now: number): boolean {
  return (facts.list('deployments.apps') as DeploymentObject[]).some((deployment) => {
    const policy = governingPolicy(facts, deployment);
    const entry = policy?.status?.workloads?.find(({name}) => name === deployment.metadata.name);
    return (
      policy !== undefined &&
      (Date.parse(entry?.backOff?.until ?? '') > now ||
        entry?.blocked?.reason === 'CircuitOpen' ||
        entry?.state === 'Moving' ||
        unexplained(facts, deployment, policy.metadata.name, entry) !== undefined)
    );
  });
}

export function checkEnd(facts: Facts, moves: Moves, invariants: Invariants): void {
  for (const deployment of facts.list('deployments.apps') as DeploymentObject[]) {
    const key = keyOf(deployment.metadata);
    const policy = governingPolicy(facts, deployment);
    if (policy === undefined) {
      invariants.check(
        'in the end no rule is left without a policy',
        isInjected(deployment) && deployment.metadata.annotations?.['spread-operator.io/exclude'] !== 'true'
          ? `Deployment ${key} has a rule of the operator, and no policy selects it`
          : undefined,
      );
      continue;
    }
    const entry = policy.status?.workloads?.find(({name}) => name === deployment.metadata.name);
    invariants.check(
      'in the end every workload is spread, or its status says why not',
      unexplained(facts, deployment, policy.metadata.name, entry),
    );
    invariants.check(
      'in the end the status is true to the placement',
      entry === undefined ? undefined : falsehoodOf(facts, deployment, entry),
    );
  }
  for (const policy of facts.list(POLICIES)) {
    invariants.check(
      'in the end what is called spread is spread',
      unevenness(facts, moves, policy as unknown as SpreadPolicy),
    );
    invariants.check(
      'in the end no policy waits for its finalizer',
      isTerminating(policy)
        ? `SpreadPolicy ${keyOf(policy.metadata)} is still being deleted: ${policy.metadata.finalizers?.join(', ')}`
        : undefined,
    );
  }
}

function unexplained(
  facts: Facts,
  deployment: DeploymentObject,
  policy: string,
  entry: WorkloadStatus | undefined,
): string | undefined {
  const key = keyOf(deployment.metadata);
  if (entry === undefined) {
    return `Deployment ${key} is not in the status of SpreadPolicy ${policy}`;
  }
  const {state, message, blocked} = entry;
  if (state === 'Blocked' ? blocked === undefined : message === undefined || message === '') {
    return `Deployment ${key} is ${state}, and nothing says why`;
  }
  // Who waits for something that does not come to rest has said so.
  return DONE.has(state) || unrestOf(facts, deployment) !== undefined
    ? undefined
    : `Deployment ${key} is at rest and still ${state}: ${message}`;
}

/** Where the operator sees nothing to do any more, an exact solver must not either. */
function unevenness(facts: Facts, moves: Moves, policy: SpreadPolicy): string | undefined {
  const own = facts
    .list('deployments.apps')
    .filter((deployment) => governingPolicy(facts, deployment)?.metadata.uid === policy.metadata.uid);
  const entries = policy.status?.workloads ?? [];
  const isSpread = own.every(({metadata}) =>
    entries.some(({name, state}) => name === metadata.name && state === 'Spread'),
  );
  const fewest = isSpread && own.length > 0 ? moves.fewestFor(policy) : undefined;
  return fewest === undefined || fewest === 0
    ? undefined
    : `SpreadPolicy ${policy.metadata.name}: all its workloads are called Spread, and ${fewest} moves would spread them better`;
}

function falsehoodOf(facts: Facts, deployment: DeploymentObject, entry: WorkloadStatus): string | undefined {
  const key = keyOf(deployment.metadata);
  // That of a move is written when it begins, and then when it has ended.
  if (entry.state === 'Excluded' || entry.state === 'Moving') {
    return undefined;
  }
  const pods = replicasOf(facts, deployment).filter((pod) => !isTerminating(pod));
  if (entry.replicas !== pods.length) {
    return `Deployment ${key} has ${pods.length} replicas; its status says ${entry.replicas}`;
  }
  for (const {topologyKey, domains = []} of entry.topologies ?? []) {
    for (const {name, replicas} of domains) {
      const found = pods.filter(
        ({spec}) => facts.get('nodes', spec.nodeName ?? '')?.metadata.labels?.[topologyKey] === name,
      ).length;
      if (found !== replicas) {
        return `Deployment ${key} has ${found} replicas in ${name} of ${topologyKey}; its status says ${replicas}`;
      }
    }
  }
  return undefined;
}
