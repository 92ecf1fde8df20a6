/** Which edits of pod templates are worth telling. Pure. */

import type {PodSpec} from '../../cluster/pod-spec.ts';
import type {Workload} from '../../cluster/workload.ts';
import type {OperatorPreview, WorkloadPreview} from '../../foresight/operator-preview.ts';
import {isAssumed} from '../../foresight/policy-sources.ts';
import {isEmptyRule, type PlacementRule, sameRule, templateWith} from '../../injection/rule.ts';

/**
 * Without those that change nothing, as of a template that has the rule already without the operator having put it there,
 * and those that only an assumed policy would make where there is nothing to keep apart.
 */
export function withoutIdleEdits(preview: OperatorPreview): OperatorPreview {
  return {
    ...preview,
    workloads: preview.workloads.map((each): WorkloadPreview => {
      const {edit, ...rest} = each;
      return edit === undefined || !isIdle(each, edit) ? each : rest;
    }),
  };
}

function isIdle({workload, policy}: WorkloadPreview, edit: PlacementRule): boolean {
  return (isAssumed(policy) && workload.replicas < 2) || (!isEmptyRule(edit) && isThere(workload, edit));
}

function isThere(workload: Workload, edit: PlacementRule): boolean {
  return sameRule(ruleIn(templateWith(workload, edit)), ruleIn(workload.template.spec));
}

function ruleIn({podAntiAffinity, topologySpreadConstraints}: PodSpec): PlacementRule {
  const {required, preferred} = podAntiAffinity;
  // A constraint that the user has written too would be there twice.
  const different = new Map(
    topologySpreadConstraints.map((each) => [`${each.topologyKey} ${each.whenUnsatisfiable}`, each]),
  );
  return {required, preferred, topologySpreadConstraints: [...different.values()]};
}
