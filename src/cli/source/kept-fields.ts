/**
 * What is kept of each kind: a saved cluster is sent around and committed, so everything else is left out. Fields that
 * the API server sets by default are among what is kept, or a saved Deployment would differ from its ReplicaSet as soon
 * as anybody wrote to it.
 */

import type {KeptFields} from './keep.ts';
import {
  CLAIM_SPEC,
  CONDITIONS,
  CONTAINER_STATUS,
  DISKS,
  keptAnnotations,
  POD_SPEC,
  TEMPLATE,
} from './kept-pod-fields.ts';

const METADATA: KeptFields = {
  name: true,
  generateName: true,
  namespace: true,
  uid: true,
  resourceVersion: true,
  generation: true,
  creationTimestamp: true,
  deletionTimestamp: true,
  deletionGracePeriodSeconds: true,
  labels: true,
  annotations: keptAnnotations,
  ownerReferences: true,
  finalizers: true,
};

/** Who owns the placement of a template, and nothing else that managers own. */
const PLACEMENT_OWNERS: KeptFields = {
  manager: true,
  operation: true,
  apiVersion: true,
  time: true,
  fieldsType: true,
  subresource: true,
  fieldsV1: {
    'f:spec': {
      'f:template': {
        'f:spec': {'f:affinity': {'f:podAntiAffinity': true}, 'f:topologySpreadConstraints': true},
      },
    },
  },
};

/** Counts, and conditions. */
const WORKLOAD_STATUS: KeptFields = {
  observedGeneration: true,
  replicas: true,
  availableReplicas: true,
  readyReplicas: true,
  updatedReplicas: true,
  unavailableReplicas: true,
  terminatingReplicas: true,
  fullyLabeledReplicas: true,
  currentReplicas: true,
  currentRevision: true,
  updateRevision: true,
  collisionCount: true,
  currentNumberScheduled: true,
  desiredNumberScheduled: true,
  numberAvailable: true,
  numberMisscheduled: true,
  numberReady: true,
  numberUnavailable: true,
  updatedNumberScheduled: true,
  conditions: CONDITIONS,
};

const DEPLOYMENT_SPEC: KeptFields = {
  minReadySeconds: true,
  paused: true,
  progressDeadlineSeconds: true,
  replicas: true,
  revisionHistoryLimit: true,
  selector: true,
  strategy: true,
  template: TEMPLATE,
};

/** By kind. Of a kind that is not here nothing but its name is kept. */
export const KEPT_FIELDS: Readonly<Record<string, KeptFields>> = {
  Namespace: {spec: {finalizers: true}, status: {phase: true}},
  Node: {
    spec: {taints: true, unschedulable: true},
    status: {
      allocatable: true,
      capacity: true,
      conditions: CONDITIONS,
      declaredFeatures: true,
      features: true,
      images: true,
      nodeInfo: {architecture: true, kubeletVersion: true, operatingSystem: true},
      runtimeHandlers: true,
      volumesAttached: true,
      volumesInUse: true,
    },
  },
  Pod: {
    spec: POD_SPEC,
    status: {
      allocatedResources: true,
      conditions: CONDITIONS,
      containerStatuses: CONTAINER_STATUS,
      initContainerStatuses: CONTAINER_STATUS,
      nominatedNodeName: true,
      observedGeneration: true,
      phase: true,
      podIP: true,
      podIPs: true,
      qosClass: true,
      reason: true,
      resize: true,
      resources: true,
      startTime: true,
    },
  },
  Service: {
    spec: {
      clusterIP: true,
      clusterIPs: true,
      externalTrafficPolicy: true,
      internalTrafficPolicy: true,
      ipFamilies: true,
      ipFamilyPolicy: true,
      ports: true,
      publishNotReadyAddresses: true,
      selector: true,
      sessionAffinity: true,
      trafficDistribution: true,
      type: true,
    },
  },
  Deployment: {metadata: {managedFields: PLACEMENT_OWNERS}, spec: DEPLOYMENT_SPEC, status: WORKLOAD_STATUS},
  ReplicaSet: {
    spec: {minReadySeconds: true, replicas: true, selector: true, template: TEMPLATE},
    status: WORKLOAD_STATUS,
  },
  StatefulSet: {
    spec: {
      minReadySeconds: true,
      ordinals: true,
      persistentVolumeClaimRetentionPolicy: true,
      podManagementPolicy: true,
      replicas: true,
      revisionHistoryLimit: true,
      selector: true,
      serviceName: true,
      template: TEMPLATE,
      updateStrategy: true,
      volumeClaimTemplates: {metadata: {name: true, labels: true}, spec: CLAIM_SPEC},
    },
    status: WORKLOAD_STATUS,
  },
  DaemonSet: {
    spec: {
      minReadySeconds: true,
      revisionHistoryLimit: true,
      selector: true,
      template: TEMPLATE,
      updateStrategy: true,
    },
    status: WORKLOAD_STATUS,
  },
  PodDisruptionBudget: {
    spec: true,
    status: {
      conditions: CONDITIONS,
      currentHealthy: true,
      desiredHealthy: true,
      disruptedPods: true,
      disruptionsAllowed: true,
      expectedPods: true,
      observedGeneration: true,
    },
  },
  HorizontalPodAutoscaler: {
    spec: {
      behavior: true,
      maxReplicas: true,
      metrics: {type: true, resource: true, containerResource: true},
      minReplicas: true,
      scaleTargetRef: true,
    },
    status: {currentReplicas: true, desiredReplicas: true, lastScaleTime: true},
  },
  PriorityClass: {value: true, globalDefault: true, preemptionPolicy: true},
  PersistentVolume: {
    spec: {
      ...DISKS,
      accessModes: true,
      capacity: true,
      claimRef: true,
      csi: {driver: true, volumeHandle: true},
      local: {path: true},
      nodeAffinity: true,
      persistentVolumeReclaimPolicy: true,
      storageClassName: true,
      volumeAttributesClassName: true,
      volumeMode: true,
    },
    status: {phase: true},
  },
  PersistentVolumeClaim: {spec: CLAIM_SPEC, status: {phase: true, accessModes: true, capacity: true}},
  StorageClass: {
    allowedTopologies: true,
    allowVolumeExpansion: true,
    provisioner: true,
    reclaimPolicy: true,
    volumeBindingMode: true,
  },
  CSINode: {spec: true},
  CSIDriver: {spec: true},
  VolumeAttachment: {
    spec: {attacher: true, nodeName: true, source: {persistentVolumeName: true}},
    status: {attached: true},
  },
  SpreadPolicy: {spec: true, status: true},
  PodMetrics: {timestamp: true, window: true, containers: true},
  NodeMetrics: {timestamp: true, window: true, usage: true},
  Lease: {spec: true},
};

/** The metadata that is kept of the kind. */
export function keptMetadata(kind: string): KeptFields {
  return {...METADATA, ...(KEPT_FIELDS[kind]?.['metadata'] as KeptFields | undefined)};
}
