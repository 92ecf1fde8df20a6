/**
 * Defaults of pods and pod templates. Source: kubernetes/pkg/apis/core/v1/defaults.go; of the pod alone also
 * pkg/registry/core/pod/strategy.go.
 */
import {child, childIfAny, type Draft, drafts, setDefault, text} from './draft.ts';

const FILE_MODE = 0o644;

export function defaultPodSpec(spec: Draft): void {
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'securityContext', {});
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'schedulerName', 'default-scheduler');
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) if (spec[field] === false) delete spec[field];
  if (spec['serviceAccountName'] !== undefined)
    setDefault(spec, 'serviceAccount', spec['serviceAccountName']);
  else if (spec['serviceAccount'] !== undefined) spec['serviceAccountName'] = spec['serviceAccount'];
  for (const container of [...drafts(spec, 'initContainers'), ...drafts(spec, 'containers')]) {
    defaultContainer(container);
  }
  for (const volume of drafts(spec, 'volumes')) defaultVolume(volume);
  for (const constraint of drafts(spec, 'topologySpreadConstraints')) {
    if (constraint['nodeAffinityPolicy'] === '') delete constraint['nodeAffinityPolicy'];
  }
}

function defaultContainer(container: Draft): void {
  const image = text(container, 'image');
  const name = image.slice(image.lastIndexOf('/') + 1);
  const isLatest = !name.includes('@') && (!name.includes(':') || name.endsWith(':latest'));
  setDefault(container, 'imagePullPolicy', isLatest ? 'Always' : 'IfNotPresent');
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  for (const port of drafts(container, 'ports')) setDefault(port, 'protocol', 'TCP');
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    defaultProbe(childIfAny(container, probe));
  }
  const lifecycle = childIfAny(container, 'lifecycle');
  for (const hook of ['postStart', 'preStop']) defaultHandler(childIfAny(lifecycle, hook));
  for (const variable of drafts(container, 'env')) {
    const field = childIfAny(childIfAny(variable, 'valueFrom'), 'fieldRef');
    if (field !== undefined) setDefault(field, 'apiVersion', 'v1');
    if (variable['value'] === '') delete variable['value'];
  }
}

function defaultProbe(probe: Draft | undefined): void {
  if (probe === undefined) return;
  setDefault(probe, 'timeoutSeconds', 1);
  setDefault(probe, 'periodSeconds', 10);
  setDefault(probe, 'successThreshold', 1);
  setDefault(probe, 'failureThreshold', 3);
  defaultHandler(probe);
}

function defaultHandler(handler: Draft | undefined): void {
  const http = childIfAny(handler, 'httpGet');
  if (http !== undefined) {
    setDefault(http, 'path', '/');
    setDefault(http, 'scheme', 'HTTP');
  }
  const grpc = childIfAny(handler, 'grpc');
  if (grpc !== undefined) setDefault(grpc, 'service', '');
}

function defaultVolume(volume: Draft): void {
  if (Object.keys(volume).every((field) => field === 'name')) volume['emptyDir'] = {};
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const value = childIfAny(volume, source);
    if (value !== undefined) setDefault(value, 'defaultMode', FILE_MODE);
  }
  for (const source of drafts(childIfAny(volume, 'projected'), 'sources')) {
    const token = childIfAny(source, 'serviceAccountToken');
    if (token !== undefined) setDefault(token, 'expirationSeconds', 3600);
    for (const item of drafts(childIfAny(source, 'downwardAPI'), 'items')) {
      const field = childIfAny(item, 'fieldRef');
      if (field !== undefined) setDefault(field, 'apiVersion', 'v1');
    }
  }
  const host = childIfAny(volume, 'hostPath');
  if (host !== undefined) setDefault(host, 'type', '');
  const claim = childIfAny(childIfAny(volume, 'ephemeral'), 'volumeClaimTemplate');
  const claimSpec = childIfAny(claim, 'spec');
  if (claimSpec !== undefined) setDefault(claimSpec, 'volumeMode', 'Filesystem');
}

/** What only pods get, not templates. */
export function defaultPod(pod: Draft): void {
  const spec = child(pod, 'spec');
  for (const container of [...drafts(spec, 'containers'), ...drafts(spec, 'initContainers')]) {
    const resources = childIfAny(container, 'resources');
    const limits = childIfAny(resources, 'limits');
    if (resources !== undefined && limits !== undefined) {
      resources['requests'] = {...limits, ...childIfAny(resources, 'requests')};
    }
  }
  setDefault(spec, 'enableServiceLinks', true);
  if (spec['hostNetwork'] === true) {
    for (const port of drafts(spec, 'containers').flatMap((container) => drafts(container, 'ports'))) {
      if (port['hostPort'] === undefined) port['hostPort'] = port['containerPort'];
    }
  }
}

/** Guaranteed, Burstable or BestEffort: pkg/apis/core/v1/helper/qos/qos.go. */
export function qualityOfService(spec: Draft): string {
  const containers = [...drafts(spec, 'containers'), ...drafts(spec, 'initContainers')];
  let asksForSomething = false;
  let isGuaranteed = true;
  for (const container of containers) {
    const resources = childIfAny(container, 'resources');
    const [requests, limits] = [childIfAny(resources, 'requests'), childIfAny(resources, 'limits')];
    for (const resource of ['cpu', 'memory']) {
      const [request, limit] = [requests?.[resource] ?? '0', limits?.[resource] ?? '0'];
      if (request !== '0' || limit !== '0') asksForSomething = true;
      if (limit === '0' || (request !== '0' && request !== limit)) isGuaranteed = false;
    }
  }
  if (!asksForSomething) return 'BestEffort';
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

/**
 * Completes the selectors of affinity terms and spread constraints with the pod's own values of their matchLabelKeys
 * and mismatchLabelKeys: mutatePodAffinity and mutateTopologySpreadConstraints of the pod's strategy (KEP-3633, and
 * KEP-3243 with MatchLabelKeysInPodTopologySpreadSelectorMerge, on since 1.34).
 */
export function mergeMatchLabelKeys(pod: Draft): void {
  const labels = childIfAny(childIfAny(pod, 'metadata'), 'labels') ?? {};
  const spec = childIfAny(pod, 'spec');
  const affinity = childIfAny(spec, 'affinity');
  for (const field of ['podAffinity', 'podAntiAffinity']) {
    const each = childIfAny(affinity, field);
    const terms = [
      ...drafts(each, 'requiredDuringSchedulingIgnoredDuringExecution'),
      ...drafts(each, 'preferredDuringSchedulingIgnoredDuringExecution').flatMap((weighted): Draft[] => {
        const term = childIfAny(weighted, 'podAffinityTerm');
        return term === undefined ? [] : [term];
      }),
    ];
    for (const term of terms) mergeInto(term, labels);
  }
  for (const constraint of drafts(spec, 'topologySpreadConstraints')) mergeInto(constraint, labels);
}

function mergeInto(term: Draft, labels: Draft): void {
  const selector = childIfAny(term, 'labelSelector');
  if (selector === undefined) return;
  const added = (['matchLabelKeys', 'mismatchLabelKeys'] as const).flatMap((field) => {
    const keys = Array.isArray(term[field]) ? term[field].map(String) : [];
    const operator = field === 'matchLabelKeys' ? 'In' : 'NotIn';
    return keys
      .filter((key) => typeof labels[key] === 'string')
      .map((key) => ({key, operator, values: [labels[key]]}));
  });
  if (added.length > 0) selector['matchExpressions'] = [...drafts(selector, 'matchExpressions'), ...added];
}
