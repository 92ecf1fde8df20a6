/** Which pods hold the room that a workload lacks, in the words for status and events. */
import type {Pod} from '../cluster/pod.ts';
import {compareText, type SchedulingSnapshot} from '../cluster/snapshot.ts';
import type {Refusal} from '../scheduling/framework.ts';
import type {PlanRefusal} from './plan-refusal.ts';

const NODES_SHOWN = 3;
const OWNERS_SHOWN = 3;

/** What a pod belongs to, as in `Deployment api`. */
export type OwnerOf = (pod: Pod) => string;

export function controllerOf({controller, name}: Pod): string {
  return controller === undefined ? `Pod ${name}` : `${controller.kind} ${controller.name}`;
}

/**
 * `node-b is filled by Deployment api (2 pods), Deployment db (1 pod)` for the nodes that lack room, the owners of
 * most of what is lacking first; undefined when no node is refused for want of room.
 */
export function describeBlockers(
  refusals: readonly Refusal[],
  snapshot: SchedulingSnapshot,
  ownerOf: OwnerOf,
): string | undefined {
  const nodes = new Map(
    refusals.filter(lacksRoom).map(({node, reasons}): [string, readonly string[]] => [node, reasons]),
  );
  const described = [...nodes]
    .sort(([a], [b]) => compareText(a, b))
    .slice(0, NODES_SHOWN)
    .flatMap(([name, reasons]) => {
      const owners = ownersOn(name, reasons, snapshot, ownerOf);
      return owners === undefined ? [] : [`${name} is filled by ${owners}`];
    });
  const more = nodes.size - NODES_SHOWN;
  return described.length === 0
    ? undefined
    : `${described.join('; ')}${more > 0 ? `; and ${more} more ${more === 1 ? 'node' : 'nodes'}` : ''}`;
}

/** Room that other pods could give: not a node that is too small for the pod even when it is empty. */
export function lacksRoom({plugin, resolvable}: Refusal): boolean {
  return resolvable && (plugin === 'NodeResourcesFit' || plugin === 'NodePorts');
}

function ownersOn(
  node: string,
  reasons: readonly string[],
  snapshot: SchedulingSnapshot,
  ownerOf: OwnerOf,
): string | undefined {
  const held = new Map<string, {pods: number; amount: number}>();
  for (const pod of snapshot.nodeInfo(node)?.pods ?? []) {
    const owner = ownerOf(pod);
    const sum = held.get(owner) ?? {pods: 0, amount: 0};
    const amount = Math.max(...reasons.map((reason) => amountOf(pod, reason)));
    if (amount > 0) {
      held.set(owner, {pods: sum.pods + 1, amount: sum.amount + amount});
    }
  }
  const owners = [...held]
    .sort(([a, one], [b, other]) => other.amount - one.amount || compareText(a, b))
    .map(([owner, {pods}]) => `${owner} (${pods} ${pods === 1 ? 'pod' : 'pods'})`);
  const more = owners.length - OWNERS_SHOWN;
  return owners.length === 0
    ? undefined
    : `${owners.slice(0, OWNERS_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** How much a pod has of what the scheduler's reason says is lacking. */
function amountOf({spec}: Pod, reason: string): number {
  const {requests, hostPorts} = spec;
  switch (reason) {
    case 'Insufficient cpu':
      return requests.milliCPU;
    case 'Insufficient memory':
      return requests.memory;
    case 'Insufficient ephemeral-storage':
      return requests.ephemeralStorage;
    case 'Too many pods':
      return 1;
    default:
      return reason.startsWith('Insufficient ')
        ? (requests.scalar[reason.slice('Insufficient '.length)] ?? 0)
        : hostPorts.length;
  }
}

/** Adds to a refusal for want of room who has it. */
export function withBlockers(refusal: PlanRefusal, blockers: string | undefined): PlanRefusal {
  return refusal.reason !== 'NoFeasibleNode' || blockers === undefined
    ? refusal
    : {...refusal, message: `${refusal.message}; ${blockers}`};
}
