/** The answer of `check` for programs; `docs/schemas/manifest-check.schema.json` describes it. */
import type {CheckReport} from '../../foresight/check/check.ts';
import type {Finding} from '../../foresight/check/finding.ts';
import {LEVELS} from '../../foresight/check/finding.ts';
import {type WorkloadView, whyPending} from '../../foresight/check/view.ts';
import type {ClusterPicture} from '../../foresight/cluster-picture.ts';

/** @param told the findings of the level that was asked for */
export function checkDocument(
  {context: {view}, findings}: CheckReport,
  told: readonly Finding[],
  picture: ClusterPicture,
): object {
  return {
    cluster: {origin: picture.origin, missing: picture.missing},
    placements: view.workloads.filter(({manifest}) => manifest !== undefined).map(placementDocument),
    findings: told.map(findingDocument),
    summary: Object.fromEntries([
      ...LEVELS.map((level) => [
        level,
        findings.filter((finding) => finding.level === level && finding.suppressed === undefined).length,
      ]),
      ['suppressed', findings.filter(({suppressed}) => suppressed !== undefined).length],
    ]),
    ignoredKinds: Object.fromEntries(view.stage.ignored),
  };
}

function placementDocument({kind, namespace, name, replicas, placement, pending}: WorkloadView): object {
  const [pod] = pending;
  return {
    workload: {kind, namespace, name},
    replicas,
    nodes: [...placement].map(([node, count]) => ({node, replicas: count})),
    ...(pod === undefined ? {} : {pending: {replicas: pending.length, message: whyPending(pod)}}),
  };
}

function findingDocument({rule, level, object, position, title, why, cure, suppressed}: Finding): object {
  return {rule, level, object, position, title, why, cure, ...(suppressed === undefined ? {} : {suppressed})};
}
