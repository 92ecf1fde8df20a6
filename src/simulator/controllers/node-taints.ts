import type {Taint} from '../../cluster/node.ts';
import type {SimulationContext} from '../context.ts';
import {conditionOf, NODES, type NodeObject, unlessGone} from '../objects.ts';
import {timestamp} from '../timestamp.ts';

export const NODE_CONTROLLER = 'node-controller';
export const NOT_READY = 'node.kubernetes.io/not-ready';
export const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

// nodeConditionToTaintKeyStatusMap in pkg/controller/nodelifecycle/node_lifecycle_controller.go
const CONDITION_TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: {False: NOT_READY, Unknown: UNREACHABLE},
  MemoryPressure: {True: 'node.kubernetes.io/memory-pressure'},
  DiskPressure: {True: 'node.kubernetes.io/disk-pressure'},
  NetworkUnavailable: {True: 'node.kubernetes.io/network-unavailable'},
  PIDPressure: {True: 'node.kubernetes.io/pid-pressure'},
};
const CONDITION_KEYS: ReadonlySet<string> = new Set([
  UNSCHEDULABLE,
  ...Object.values(CONDITION_TAINTS).flatMap((byStatus) => Object.values(byStatus)),
]);

const NO_TAINTS: readonly Taint[] = [];

/** Always the same value for a node without taints, so that "nothing changed" can be told by identity. */
export function taintsOf(node: NodeObject | undefined): readonly Taint[] {
  return node?.spec?.taints ?? NO_TAINTS;
}

/** The very same list as `taintsOf` when it is right already. The NoSchedule taints that the conditions and spec.unschedulable ask for, with all others as they are. */
export function withNoScheduleTaints(node: NodeObject): readonly Taint[] {
  const {spec, status} = node;
  const wanted = new Set<string>();
  for (const [type, byStatus] of Object.entries(CONDITION_TAINTS)) {
    const key = byStatus[conditionOf(status, type)?.status ?? ''];
    if (key !== undefined) {
      wanted.add(key);
    }
  }
  if (spec?.unschedulable === true) {
    wanted.add(UNSCHEDULABLE);
  }
  const isOurs = ({effect, key}: Taint) => effect === 'NoSchedule' && CONDITION_KEYS.has(key);
  const taints = taintsOf(node);
  const kept = taints.filter((taint) => !isOurs(taint) || wanted.has(taint.key));
  const missing = [...wanted].filter((key) => !kept.some((taint) => isOurs(taint) && taint.key === key));
  return kept.length === taints.length && missing.length === 0
    ? taints
    : [...kept, ...missing.map((key): Taint => ({key, effect: 'NoSchedule'}))];
}

export function hasNoExecuteTaint({spec}: NodeObject, key: string): boolean {
  return spec?.taints?.some((taint) => taint.key === key && taint.effect === 'NoExecute') === true;
}

/** Replaces the node's NoExecute taints of this controller by the one given, or by none. */
export function setNoExecuteTaint(
  {api, clock}: SimulationContext,
  name: string,
  key: typeof NOT_READY | typeof UNREACHABLE | undefined,
): void {
  changeTaints(api, name, (node) => {
    const taints = taintsOf(node);
    const others = taints.filter(
      (taint) => taint.effect !== 'NoExecute' || (taint.key !== NOT_READY && taint.key !== UNREACHABLE),
    );
    if (key === undefined) {
      return others.length === taints.length ? taints : others;
    }
    const taint = {key, effect: 'NoExecute', timeAdded: timestamp(clock.now())} as const;
    return hasNoExecuteTaint(node, key) ? taints : [...others, taint];
  });
}

export function changeTaints(
  api: SimulationContext['api'],
  name: string,
  change: (node: NodeObject) => readonly Taint[],
): void {
  unlessGone(() =>
    api.update(
      NODES,
      undefined,
      name,
      (current) => {
        const node = current as NodeObject;
        const taints = change(node);
        if (taints === taintsOf(node)) {
          return current;
        }
        const {taints: _before, ...spec} = node.spec ?? {};
        return {...node, spec: taints.length === 0 ? spec : {...spec, taints}};
      },
      {actor: NODE_CONTROLLER},
    ),
  );
}
