/**
 * Manifests as a user would write them: `deployment({rule: 'soft'})`, `policy({eviction: {settleSeconds: 1}})`. The
 * name is `web` where a test does not say otherwise.
 */
import {API_VERSION, KIND} from '../../src/api/names.ts';
import type {WrittenSpec, WrittenSpreadPolicy} from '../../src/api/types.ts';
import type {Deployment} from '../controlplane/workloads.ts';

export const HOSTNAME = 'kubernetes.io/hostname';
export const ZONE = 'topology.kubernetes.io/zone';

export interface DeploymentOptions {
  readonly name?: string;
  /** The user's own pod anti-affinity on the hostname: none, preferred or required. */
  readonly rule?: 'none' | 'soft' | 'hard';
  readonly replicas?: number;
  /** Requests of the one container. */
  readonly requests?: {cpu?: string; memory?: string};
  /** Of the Deployment; `labels` of it are `{app: <name>}` and these. */
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly podAnnotations?: Record<string, string>;
  /** Of the pods, beside `{app: <name>}`. */
  readonly podLabels?: Record<string, string>;
  /** Further parts of the pod's spec. */
  readonly podSpec?: Record<string, unknown>;
  /** Further parts of the Deployment's spec, such as `strategy`. */
  readonly spec?: Record<string, unknown>;
}

export function deployment(options: DeploymentOptions = {}): Deployment {
  const {name = 'web', rule = 'none', replicas, requests, podSpec} = options;
  const app = {app: name};
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      labels: {...app, ...options.labels},
      ...(options.annotations === undefined ? {} : {annotations: options.annotations}),
    },
    spec: {
      ...(replicas === undefined ? {} : {replicas}),
      selector: {matchLabels: app},
      ...options.spec,
      template: {
        metadata: {
          labels: {...app, ...options.podLabels},
          ...(options.podAnnotations === undefined ? {} : {annotations: options.podAnnotations}),
        },
        spec: {
          containers: [
            {
              name: 'main',
              image: 'registry.k8s.io/pause:3.10',
              ...(requests === undefined ? {} : {resources: {requests}}),
            },
          ],
          ...(rule === 'none' ? {} : {affinity: {podAntiAffinity: antiAffinity(rule, app)}}),
          ...podSpec,
        },
      },
    },
  };
}

function antiAffinity(rule: 'soft' | 'hard', matchLabels: Record<string, string>): object {
  const term = {topologyKey: HOSTNAME, labelSelector: {matchLabels}};
  return rule === 'hard'
    ? {requiredDuringSchedulingIgnoredDuringExecution: [term]}
    : {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, podAffinityTerm: term}]};
}

export interface PolicyOptions extends Partial<Omit<WrittenSpec, 'eviction' | 'injection'>> {
  readonly name?: string;
  readonly eviction?: WrittenSpec['eviction'];
  /** The mode; `Disabled` where a test is about moves alone. */
  readonly injection?: NonNullable<NonNullable<WrittenSpec['injection']>['mode']>;
}

/** Selects all Deployments of its namespace, and settles within a second. */
export function policy(namespace: string, options: PolicyOptions = {}): WrittenSpreadPolicy {
  const {name = 'web', eviction, injection, ...spec} = options;
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {name, namespace},
    spec: {
      selector: {},
      ...spec,
      ...(injection === undefined ? {} : {injection: {mode: injection}}),
      eviction: {settleSeconds: 1, ...eviction},
    },
  };
}

/** A PodDisruptionBudget for the pods of the Deployment `app`. */
export function budget(
  namespace: string,
  options: {name?: string; app?: string; maxUnavailable?: number | string; minAvailable?: number | string},
): object {
  const {name = 'web', app = 'web', ...limits} = options;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: {name, namespace},
    spec: {selector: {matchLabels: {app}}, ...limits},
  };
}
