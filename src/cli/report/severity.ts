/** Which losses are worse than others, and what of them concerns a namespace. Pure. */
import type {LossVerdict} from '../../foresight/loss-verdict.ts';

/** The worst first: nodes that follow, then Services without an endpoint, then replicas without a node. */
export function bySeverity(a: LossVerdict, b: LossVerdict): number {
  return (
    b.nodesDying.length - a.nodesDying.length ||
    b.servicesDown.length - a.servicesDown.length ||
    b.pending.length - a.pending.length ||
    Number(a.settles) - Number(b.settles)
  );
}

export function harmsService({servicesDown, nodesDying}: LossVerdict): boolean {
  return servicesDown.length > 0 || nodesDying.length > 0;
}

/** Nodes that die concern everybody. */
export function withinNamespace(verdict: LossVerdict, namespace: string | undefined): LossVerdict {
  if (namespace === undefined) {
    return verdict;
  }
  const {servicesDown, pending, nodesDying, settles} = verdict;
  return {
    servicesDown: servicesDown.filter((service) => service.startsWith(`${namespace}/`)),
    pending: pending.filter((workload) => workload.split(' ')[1]?.startsWith(`${namespace}/`) === true),
    nodesDying,
    settles,
  };
}
