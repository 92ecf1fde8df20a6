/** What is kept of pods and pod templates, and what is alike in all kinds. */
import {type Kept, type KeptFields, keep} from './keep.ts';

/** What may be said by whoever reads the annotations, or by the planner and the simulation. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  'cluster-autoscaler.kubernetes.io/safe-to-evict',
  'controller.kubernetes.io/pod-deletion-cost',
  'deprecated.daemonset.template.generation',
  'karpenter.sh/do-not-disrupt',
  'kubectl.kubernetes.io/restartedAt',
  'kubernetes.io/config.mirror',
  'kwok.x-k8s.io/usage-cpu',
  'kwok.x-k8s.io/usage-memory',
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/provisioned-by',
  'storage.alpha.kubernetes.io/migrated-plugins',
  'storageclass.kubernetes.io/is-default-class',
  'volume.beta.kubernetes.io/storage-class',
  'volume.kubernetes.io/selected-node',
]);
const ANNOTATION_OWNERS = /(?:^|\.)spread-operator\.io\/|^deployment\.kubernetes\.io\//;
/** Of whom the messages are read: the scheduler's and the Deployment controller's. Others may quote what a pod spec has. */
const TELLING_CONDITIONS: ReadonlySet<unknown> = new Set(['PodScheduled', 'Progressing']);

export const CONDITIONS: Kept = (value) =>
  Array.isArray(value)
    ? value.map((condition: Readonly<Record<string, unknown>>) => {
        const {message, ...rest} = condition;
        return TELLING_CONDITIONS.has(condition['type']) && message !== undefined ? {...rest, message} : rest;
      })
    : undefined;

/** What is asked of a container, not with which words. */
const HANDLER: KeptFields = {
  exec: {},
  httpGet: {port: true, scheme: true, path: () => '/'},
  tcpSocket: {port: true},
  grpc: {port: true, service: () => ''},
  sleep: true,
};

const PROBE: KeptFields = {
  ...HANDLER,
  initialDelaySeconds: true,
  periodSeconds: true,
  timeoutSeconds: true,
  successThreshold: true,
  failureThreshold: true,
  terminationGracePeriodSeconds: true,
};

const CONTAINER: KeptFields = {
  name: true,
  image: true,
  imagePullPolicy: true,
  ports: true,
  resources: true,
  resizePolicy: true,
  restartPolicy: true,
  restartPolicyRules: true,
  livenessProbe: PROBE,
  readinessProbe: PROBE,
  startupProbe: PROBE,
  lifecycle: {postStart: HANDLER, preStop: HANDLER},
  terminationMessagePath: true,
  terminationMessagePolicy: true,
};

export const CLAIM_SPEC: KeptFields = {
  accessModes: true,
  resources: true,
  selector: true,
  storageClassName: true,
  volumeAttributesClassName: true,
  volumeMode: true,
  volumeName: true,
};

/** Sources that bear on placement. */
export const DISKS: KeptFields = {
  awsElasticBlockStore: true,
  azureDisk: true,
  cinder: {volumeID: true, fsType: true, readOnly: true},
  gcePersistentDisk: true,
  portworxVolume: true,
};

const VOLUME: KeptFields = {
  name: true,
  ...DISKS,
  ephemeral: {volumeClaimTemplate: {metadata: {labels: true}, spec: CLAIM_SPEC}},
  image: true,
  iscsi: {targetPortal: true, iqn: true, lun: true, readOnly: true, iscsiInterface: true},
  persistentVolumeClaim: true,
  rbd: {monitors: true, image: true, pool: true, readOnly: true},
};

export const POD_SPEC: KeptFields = {
  activeDeadlineSeconds: true,
  affinity: true,
  containers: CONTAINER,
  dnsPolicy: true,
  enableServiceLinks: true,
  hostIPC: true,
  hostNetwork: true,
  hostPID: true,
  hostUsers: true,
  initContainers: CONTAINER,
  nodeName: true,
  nodeSelector: true,
  os: true,
  overhead: true,
  preemptionPolicy: true,
  priority: true,
  priorityClassName: true,
  readinessGates: true,
  resourceClaims: true,
  resources: true,
  restartPolicy: true,
  runtimeClassName: true,
  schedulerName: true,
  schedulingGates: true,
  securityContext: {},
  terminationGracePeriodSeconds: true,
  tolerations: true,
  topologySpreadConstraints: true,
  volumes: keptVolumes,
};

export const TEMPLATE: KeptFields = {metadata: {labels: true, annotations: keptAnnotations}, spec: POD_SPEC};

const CONTAINER_STATE: KeptFields = {
  running: true,
  waiting: {reason: true},
  terminated: {exitCode: true, signal: true, reason: true, startedAt: true, finishedAt: true},
};

export const CONTAINER_STATUS: KeptFields = {
  name: true,
  image: true,
  imageID: true,
  ready: true,
  started: true,
  restartCount: true,
  state: CONTAINER_STATE,
  lastState: CONTAINER_STATE,
  resources: true,
  allocatedResources: true,
};

export function keptAnnotations(value: unknown): unknown {
  const kept = Object.entries((value ?? {}) as Readonly<Record<string, unknown>>).filter(
    ([name]) => ANNOTATIONS.has(name) || ANNOTATION_OWNERS.test(name),
  );
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function keptVolumes(value: unknown): unknown {
  const sources = Object.keys(VOLUME).filter((field) => field !== 'name');
  return Array.isArray(value)
    ? value
        .filter((volume: object) => sources.some((source) => Object.hasOwn(volume, source)))
        .map((volume: unknown) => keep(volume, VOLUME))
    : undefined;
}
