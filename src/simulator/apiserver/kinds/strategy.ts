/**
 * What a kind's strategy does before validation: which fields a request may set, and what it resets. Sources: the
 * strategy.go files of kubernetes/pkg/registry.
 */
import type {ApiObject} from '../../cluster-api.ts';
import {asObject, equals} from '../json.ts';
import type {Resource} from '../resources.ts';
import {TEMPLATE_GENERATION} from './defaults.ts';
import {child, type Draft, drafts, text} from './draft.ts';
import {mergeMatchLabelKeys, qualityOfService} from './pod-spec.ts';

/** Kinds whose status may be set at creation: their strategies leave it alone. */
const KEEPS_STATUS_AT_CREATION = new Set(['nodes', 'apiservices.apiregistration.k8s.io']);

export function prepareForCreate(resource: Resource, draft: Draft): void {
  if (resource.subresources.includes('status') && !KEEPS_STATUS_AT_CREATION.has(resource.storage)) {
    if (resource.custom === undefined) draft['status'] = {};
    else delete draft['status'];
  }
  switch (resource.storage) {
    case 'pods': {
      const spec = child(draft, 'spec');
      draft['status'] = {phase: 'Pending', qosClass: qualityOfService(spec), ...gatedCondition(spec)};
      mergeMatchLabelKeys(draft);
      break;
    }
    case 'namespaces': {
      draft['status'] = {phase: 'Active'};
      draft['spec'] = {finalizers: ['kubernetes']};
      break;
    }
    case 'services':
      draft['status'] = {loadBalancer: {}};
      break;
    case 'persistentvolumes':
    case 'persistentvolumeclaims':
      draft['status'] = {phase: 'Pending'};
      break;
    case 'deployments.apps':
    case 'replicasets.apps':
    case 'statefulsets.apps':
    case 'daemonsets.apps':
      clearTemplateMetadata(draft);
      draft['status'] = initialWorkloadStatus(resource.storage);
      break;
    case 'poddisruptionbudgets.policy':
      draft['status'] = {...NO_DISRUPTIONS};
      break;
    case 'horizontalpodautoscalers.autoscaling':
      draft['status'] = {currentMetrics: null, desiredReplicas: 0};
      break;
    case 'customresourcedefinitions.apiextensions.k8s.io':
      draft['status'] = {
        acceptedNames: {kind: '', plural: ''},
        conditions: null,
        storedVersions: drafts(child(draft, 'spec'), 'versions')
          .filter(({storage}) => storage === true)
          .map(({name}) => name),
      };
      break;
    default:
  }
}

// What Go prints of numbers without omitempty.
const NO_DISRUPTIONS = {disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0};

function initialWorkloadStatus(storage: string): Draft {
  switch (storage) {
    case 'replicasets.apps':
      return {replicas: 0};
    case 'statefulsets.apps':
      return {replicas: 0, availableReplicas: 0};
    case 'daemonsets.apps':
      return {currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0};
    default:
      return {};
  }
}

function gatedCondition(spec: Draft): Draft {
  if (drafts(spec, 'schedulingGates').length === 0) return {};
  const message = 'Scheduling is blocked due to non-empty scheduling gates';
  return {
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message,
        lastProbeTime: null,
        lastTransitionTime: null,
      },
    ],
  };
}

/** Of a template's metadata only labels and annotations mean something, but all of it is kept. */
function clearTemplateMetadata(draft: Draft): void {
  const template = child(child(draft, 'spec'), 'template');
  if (template['metadata'] === undefined) template['metadata'] = {};
}

export function prepareForUpdate(
  resource: Resource,
  draft: Draft,
  old: ApiObject,
  subresource: string | undefined,
): void {
  if (subresource === 'status') {
    keepAllButStatus(resource, draft, old);
    return;
  }
  if (resource.subresources.includes('status')) {
    if (old['status'] === undefined) delete draft['status'];
    else draft['status'] = old['status'];
  }
  if (resource.storage === 'namespaces' && subresource !== 'finalize') draft['spec'] = old['spec'];
  if (resource.storage === 'services') keepClusterIp(draft, old);
  if (resource.storage === 'daemonsets.apps') countTemplate(draft, old);
}

const IN_STATUS_WRITES: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status']);

function keepAllButStatus(resource: Resource, draft: Draft, old: ApiObject): void {
  for (const field of Object.keys(draft)) {
    // Deleting makes an object slow for all who read it, and mostly nothing is to be deleted.
    if (!IN_STATUS_WRITES.has(field) && !Object.hasOwn(old, field)) delete draft[field];
  }
  for (const [field, value] of Object.entries(old)) {
    if (!IN_STATUS_WRITES.has(field)) draft[field] = value;
  }
  if (resource.custom !== undefined) {
    // customresource strategy: only status and managedFields come from the request.
    draft['metadata'] = {...old.metadata, ...managedFieldsOf(draft)};
  } else if (resource.storage === 'pods') {
    draft['metadata'] = {...asObject(draft['metadata']), ownerReferences: old.metadata.ownerReferences};
    if (old.metadata.ownerReferences === undefined) delete (draft['metadata'] as Draft)['ownerReferences'];
    const status = child(draft, 'status');
    if (text(status, 'qosClass') === '') {
      const before = asObject(old['status'])['qosClass'];
      if (before !== undefined && !equals(status['qosClass'], before)) {
        draft['status'] = {...status, qosClass: before};
      }
    }
  }
}

function managedFieldsOf(draft: Draft): Draft {
  const managed = asObject(draft['metadata'])['managedFields'];
  return managed === undefined ? {} : {managedFields: managed};
}

function countTemplate(draft: Draft, old: ApiObject): void {
  const metadata = asObject(draft['metadata']);
  const before = Number(old.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0);
  const isSame = equals(asObject(draft['spec'])['template'], asObject(old['spec'])['template']);
  const annotations = {
    ...asObject(metadata['annotations']),
    [TEMPLATE_GENERATION]: String(isSame ? before : before + 1),
  };
  draft['metadata'] = {...metadata, annotations};
}

function keepClusterIp(draft: Draft, old: ApiObject): void {
  const spec = child(draft, 'spec');
  const before = asObject(old['spec']);
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    if ((spec[field] === undefined || spec[field] === '') && before[field] !== undefined) {
      draft['spec'] = {...asObject(draft['spec']), [field]: before[field]};
    }
  }
}
