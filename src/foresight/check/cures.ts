/** The YAML that cures a finding. */
import {stringify} from 'yaml';
import {API_VERSION, KIND} from '../../api/names.ts';
import {podTemplateOf} from './pod-templates.ts';
import type {WorkloadView} from './view.ts';

export interface ApartRequest {
  readonly workload: WorkloadView;
  readonly hasZones: boolean;
}

/** A policy of its own for a Deployment that has labels to select it by; for all else, a patch of its template. */
export function keepApart({workload, hasZones}: ApartRequest): {
  readonly text: string;
  readonly yaml: string;
} {
  const labels = selectingLabels(workload);
  if (workload.kind !== 'Deployment' || labels === undefined) {
    return {
      text: 'Put a rule that keeps the replicas apart into the pod template:',
      yaml: stringify(spreadPatch(workload, hasZones), {lineWidth: 0}),
    };
  }
  return {
    text: 'Let a SpreadPolicy keep them apart (without the operator: `kubectl spread patch` prints the rule for the template):',
    yaml: policyText([workload], labels, hasZones),
  };
}

/** One policy for several Deployments of a namespace; `labels` selects them. */
function policyText(
  [first]: readonly WorkloadView[],
  labels: Readonly<Record<string, string>>,
  hasZones: boolean,
): string {
  return stringify(
    {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: {name: first?.name, namespace: first?.namespace},
      spec: {
        selector: {matchLabels: labels},
        topologies: [
          {topologyKey: 'kubernetes.io/hostname', distribution: 'Separate'},
          ...(hasZones ? [{topologyKey: 'topology.kubernetes.io/zone', distribution: 'Even'}] : []),
        ],
      },
    },
    {lineWidth: 0},
  );
}

/** Labels of the Deployment that are those of its own selector: by them a policy selects it, and hardly anything else. */
export function selectingLabels({object}: WorkloadView): Readonly<Record<string, string>> | undefined {
  const labels = object.metadata.labels ?? {};
  const selector = (object['spec'] as {selector?: {matchLabels?: Readonly<Record<string, string>>}}).selector;
  const shared = Object.entries(selector?.matchLabels ?? {}).filter(([key, value]) => labels[key] === value);
  const chosen =
    shared.length > 0
      ? shared
      : Object.entries(labels).filter(([key]) =>
          ['app', 'app.kubernetes.io/name', 'k8s-app', 'name'].includes(key),
        );
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
}

function spreadPatch({kind, namespace, name, object}: WorkloadView, hasZones: boolean): object {
  const {selector = {matchLabels: podTemplateOf(object)?.metadata?.labels}} = object['spec'] as {
    selector?: object;
  };
  const constraint = (topologyKey: string) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: selector,
    ...(kind === 'Deployment' ? {matchLabelKeys: ['pod-template-hash']} : {}),
  });
  const topologySpreadConstraints = [
    constraint('kubernetes.io/hostname'),
    ...(hasZones ? [constraint('topology.kubernetes.io/zone')] : []),
  ];
  return {
    apiVersion: object.apiVersion,
    kind,
    metadata: {namespace, name},
    spec: {template: {spec: {topologySpreadConstraints}}},
  };
}
