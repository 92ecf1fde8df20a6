/** Columns of pods, what makes them, and what guards them. */
import {asObject, textOf, valueAt} from '../../apiserver/json.ts';
import type {ApiObject} from '../../cluster-api.ts';
import {
  ageColumn,
  at,
  column,
  containerColumns,
  labelsText,
  listAt,
  nameColumn,
  numberAt,
  orNone,
  selectorColumn,
  wide,
} from './columns.ts';
import type {TableColumn} from './index.ts';
import {podCells, readinessGates} from './pod-cells.ts';

function readyOf(object: ApiObject): string {
  return `${textOf(valueAt(object, 'status', 'readyReplicas') ?? 0)}/${textOf(valueAt(object, 'spec', 'replicas') ?? 0)}`;
}

const orNotAvailable =
  (...path: string[]) =>
  (object: ApiObject) =>
    textOf(valueAt(object, ...path) ?? 'N/A');

export const workloadPrinters: Readonly<Record<string, readonly TableColumn[]>> = {
  pods: [
    nameColumn,
    column('Ready', (pod, now) => podCells(pod, now).ready),
    column('Status', (pod, now) => podCells(pod, now).status),
    column('Restarts', (pod, now) => podCells(pod, now).restarts),
    ageColumn,
    wide('IP', (pod) => listAt(pod, 'status', 'podIPs')[0]?.['ip'] ?? '<none>'),
    wide('Node', orNone('spec', 'nodeName')),
    wide('Nominated Node', orNone('status', 'nominatedNodeName')),
    wide('Readiness Gates', readinessGates),
  ],
  'deployments.apps': [
    nameColumn,
    column('Ready', readyOf),
    column('Up-to-date', numberAt('status', 'updatedReplicas')),
    column('Available', numberAt('status', 'availableReplicas')),
    ageColumn,
    ...containerColumns,
    selectorColumn,
  ],
  'replicasets.apps': [
    nameColumn,
    column('Desired', numberAt('spec', 'replicas'), 'integer'),
    column('Current', numberAt('status', 'replicas'), 'integer'),
    column('Ready', numberAt('status', 'readyReplicas'), 'integer'),
    ageColumn,
    ...containerColumns,
    selectorColumn,
  ],
  'statefulsets.apps': [nameColumn, column('Ready', readyOf), ageColumn, ...containerColumns],
  'daemonsets.apps': [
    nameColumn,
    column('Desired', numberAt('status', 'desiredNumberScheduled'), 'integer'),
    column('Current', numberAt('status', 'currentNumberScheduled'), 'integer'),
    column('Ready', numberAt('status', 'numberReady'), 'integer'),
    column('Up-to-date', numberAt('status', 'updatedNumberScheduled'), 'integer'),
    column('Available', numberAt('status', 'numberAvailable'), 'integer'),
    column('Node Selector', (object) =>
      labelsText(valueAt(object, 'spec', 'template', 'spec', 'nodeSelector')),
    ),
    ageColumn,
    ...containerColumns,
    selectorColumn,
  ],
  'poddisruptionbudgets.policy': [
    nameColumn,
    column('Min Available', orNotAvailable('spec', 'minAvailable')),
    column('Max Unavailable', orNotAvailable('spec', 'maxUnavailable')),
    column('Allowed Disruptions', numberAt('status', 'disruptionsAllowed'), 'integer'),
    ageColumn,
  ],
  'horizontalpodautoscalers.autoscaling': [
    nameColumn,
    column('Reference', (object) => {
      const {kind, name} = asObject(valueAt(object, 'spec', 'scaleTargetRef'));
      return `${String(kind)}/${String(name)}`;
    }),
    column('Targets', targetsOf),
    column('MinPods', (object) => textOf(valueAt(object, 'spec', 'minReplicas') ?? '<unset>')),
    column('MaxPods', at('spec', 'maxReplicas')),
    column('Replicas', numberAt('status', 'currentReplicas')),
    ageColumn,
  ],
};

/** formatHPAMetrics, for resource metrics. */
function targetsOf(object: ApiObject): string {
  const current = listAt(object, 'status', 'currentMetrics');
  const texts = listAt(object, 'spec', 'metrics').map((metric, index) => {
    const {name, target} = asObject(metric['resource']);
    const {averageUtilization, averageValue} = asObject(target);
    const now = asObject(asObject(current[index]?.['resource'])['current']);
    const value = averageUtilization === undefined ? now['averageValue'] : now['averageUtilization'];
    const unit = averageUtilization === undefined ? '' : '%';
    const seen = value === undefined ? '<unknown>' : `${textOf(value)}${unit}`;
    return `${String(name ?? metric['type'])}: ${seen}/${String(averageUtilization ?? averageValue)}${unit}`;
  });
  if (texts.length === 0) return '<none>';
  return texts.length > 2
    ? `${texts.slice(0, 2).join(', ')} + ${texts.length - 2} more...`
    : texts.join(', ');
}
