/** Defaults of the built-in kinds by storage name: pkg/apis/*\/*\/defaults.go of Kubernetes. */
import {child, childIfAny, type Draft, drafts, setDefault, text} from './draft.ts';
import {defaultPod, defaultPodSpec} from './pod-spec.ts';

export const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

const defaulters: Readonly<Record<string, (draft: Draft) => void>> = {
  pods: (pod) => {
    defaultPodSpec(child(pod, 'spec'));
    defaultPod(pod);
  },
  'deployments.apps': (deployment) => {
    const spec = child(deployment, 'spec');
    setDefault(spec, 'replicas', 1);
    setDefault(spec, 'revisionHistoryLimit', 10);
    setDefault(spec, 'progressDeadlineSeconds', 600);
    const strategy = child(spec, 'strategy');
    setDefault(strategy, 'type', 'RollingUpdate');
    if (strategy['type'] === 'RollingUpdate') {
      const rolling = child(strategy, 'rollingUpdate');
      setDefault(rolling, 'maxUnavailable', '25%');
      setDefault(rolling, 'maxSurge', '25%');
    }
    defaultTemplate(spec);
  },
  'replicasets.apps': (replicaSet) => {
    const spec = child(replicaSet, 'spec');
    setDefault(spec, 'replicas', 1);
    defaultTemplate(spec);
  },
  'statefulsets.apps': (statefulSet) => {
    const spec = child(statefulSet, 'spec');
    setDefault(spec, 'replicas', 1);
    setDefault(spec, 'revisionHistoryLimit', 10);
    setDefault(spec, 'podManagementPolicy', 'OrderedReady');
    setDefault(spec, 'persistentVolumeClaimRetentionPolicy', {whenDeleted: 'Retain', whenScaled: 'Retain'});
    const strategy = child(spec, 'updateStrategy');
    setDefault(strategy, 'type', 'RollingUpdate');
    if (strategy['type'] === 'RollingUpdate') setDefault(child(strategy, 'rollingUpdate'), 'partition', 0);
    defaultTemplate(spec);
  },
  'daemonsets.apps': (daemonSet) => {
    // The internal type counts changes of the template in a field, which apps/v1 shows as an annotation.
    setDefault(child(child(daemonSet, 'metadata'), 'annotations'), TEMPLATE_GENERATION, '1');
    const spec = child(daemonSet, 'spec');
    setDefault(spec, 'revisionHistoryLimit', 10);
    const strategy = child(spec, 'updateStrategy');
    setDefault(strategy, 'type', 'RollingUpdate');
    if (strategy['type'] === 'RollingUpdate') {
      const rolling = child(strategy, 'rollingUpdate');
      setDefault(rolling, 'maxUnavailable', 1);
      setDefault(rolling, 'maxSurge', 0);
    }
    defaultTemplate(spec);
  },
  services: defaultService,
  secrets: (secret) => {
    setDefault(secret, 'type', 'Opaque');
    const strings = childIfAny(secret, 'stringData');
    if (strings !== undefined) {
      const data = child(secret, 'data');
      for (const [key, value] of Object.entries(strings)) {
        data[key] = Buffer.from(String(value), 'utf8').toString('base64');
      }
      delete secret['stringData'];
    }
  },
  namespaces: (namespace) => {
    const metadata = child(namespace, 'metadata');
    if (text(metadata, 'name') !== '') {
      child(metadata, 'labels')['kubernetes.io/metadata.name'] = metadata['name'];
    }
  },
  nodes: (node) => {
    const status = child(node, 'status');
    // Allocatable is what a node has unless it says less: SetDefaults_NodeStatus.
    if (status['allocatable'] === undefined && status['capacity'] !== undefined) {
      status['allocatable'] = status['capacity'];
    }
  },
  persistentvolumes: (volume) => {
    const spec = child(volume, 'spec');
    setDefault(spec, 'persistentVolumeReclaimPolicy', 'Retain');
    setDefault(spec, 'volumeMode', 'Filesystem');
    setDefault(child(volume, 'status'), 'phase', 'Pending');
  },
  persistentvolumeclaims: (claim) => {
    setDefault(child(claim, 'spec'), 'volumeMode', 'Filesystem');
    setDefault(child(claim, 'status'), 'phase', 'Pending');
  },
  'horizontalpodautoscalers.autoscaling': (autoscaler) => {
    const spec = child(autoscaler, 'spec');
    setDefault(spec, 'minReplicas', 1);
    if (drafts(spec, 'metrics').length === 0) {
      spec['metrics'] = [
        {type: 'Resource', resource: {name: 'cpu', target: {type: 'Utilization', averageUtilization: 80}}},
      ];
    }
    const behavior = childIfAny(spec, 'behavior');
    if (behavior !== undefined) defaultScalingBehavior(behavior);
  },
  'storageclasses.storage.k8s.io': (storageClass) => {
    setDefault(storageClass, 'reclaimPolicy', 'Delete');
    setDefault(storageClass, 'volumeBindingMode', 'Immediate');
  },
  'priorityclasses.scheduling.k8s.io': (priorityClass) => {
    setDefault(priorityClass, 'preemptionPolicy', 'PreemptLowerPriority');
  },
  'endpointslices.discovery.k8s.io': (slice) => {
    for (const port of drafts(slice, 'ports')) {
      setDefault(port, 'name', '');
      setDefault(port, 'protocol', 'TCP');
    }
  },
  'clusterrolebindings.rbac.authorization.k8s.io': defaultBinding,
  'rolebindings.rbac.authorization.k8s.io': defaultBinding,
  'customresourcedefinitions.apiextensions.k8s.io': (definition) => {
    const spec = child(definition, 'spec');
    const names = child(spec, 'names');
    setDefault(names, 'singular', text(names, 'kind').toLowerCase());
    setDefault(names, 'listKind', `${text(names, 'kind')}List`);
    setDefault(spec, 'conversion', {strategy: 'None'});
  },
};

export function applyDefaults(storage: string, draft: Draft): void {
  defaulters[storage]?.(draft);
}

function defaultTemplate(spec: Draft): void {
  const template = childIfAny(spec, 'template');
  if (template !== undefined) defaultPodSpec(child(template, 'spec'));
}

function defaultService(service: Draft): void {
  const spec = child(service, 'spec');
  setDefault(spec, 'sessionAffinity', 'None');
  if (spec['sessionAffinity'] === 'ClientIP') {
    setDefault(child(child(spec, 'sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds', 10_800);
  }
  setDefault(spec, 'type', 'ClusterIP');
  for (const port of drafts(spec, 'ports')) {
    setDefault(port, 'protocol', 'TCP');
    if (port['targetPort'] === undefined || port['targetPort'] === 0 || port['targetPort'] === '') {
      port['targetPort'] = port['port'];
    }
  }
  const type = text(spec, 'type');
  if (type === 'ExternalName') return;
  if (type !== 'ClusterIP') setDefault(spec, 'externalTrafficPolicy', 'Cluster');
  setDefault(spec, 'internalTrafficPolicy', 'Cluster');
  if (type === 'LoadBalancer') setDefault(spec, 'allocateLoadBalancerNodePorts', true);
}

function defaultBinding(binding: Draft): void {
  for (const subject of drafts(binding, 'subjects')) {
    if (subject['kind'] !== 'ServiceAccount') setDefault(subject, 'apiGroup', 'rbac.authorization.k8s.io');
  }
  const role = childIfAny(binding, 'roleRef');
  if (role !== undefined) setDefault(role, 'apiGroup', 'rbac.authorization.k8s.io');
}

function defaultScalingBehavior(behavior: Draft): void {
  const up = child(behavior, 'scaleUp');
  setDefault(up, 'stabilizationWindowSeconds', 0);
  setDefault(up, 'selectPolicy', 'Max');
  setDefault(up, 'policies', [
    {type: 'Pods', value: 4, periodSeconds: 15},
    {type: 'Percent', value: 100, periodSeconds: 15},
  ]);
  const down = child(behavior, 'scaleDown');
  setDefault(down, 'selectPolicy', 'Max');
  setDefault(down, 'policies', [{type: 'Percent', value: 100, periodSeconds: 15}]);
}
