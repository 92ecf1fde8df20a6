/** A simulated cluster for tests, with a Deployment, Service and budget as a user would write them. */
import type {ApiObject} from '../cluster-api.ts';
import {
  conditionOf,
  DEPLOYMENTS,
  type DeploymentObject,
  isPodReady,
  type PodObject,
  REPLICA_SETS,
  type ReplicaSetObject,
} from '../objects.ts';
import {SimulatedCluster, type SimulatedClusterOptions} from '../simulated-cluster.ts';

export interface DeploymentOptions {
  readonly replicas?: number;
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
  readonly podAnnotations?: Readonly<Record<string, string>>;
  readonly podSpec?: object;
  readonly container?: object;
  /** Further parts of the Deployment's spec. */
  readonly spec?: object;
}

export class Simulation extends SimulatedCluster {
  constructor(options: SimulatedClusterOptions = {}) {
    super({nodes: 3, ...options});
  }

  /** In namespace `default`; its pods carry `app: <name>`. */
  deployment(name: string, options: DeploymentOptions = {}): this {
    const {replicas = 3, requests, limits, podAnnotations, podSpec, container, spec} = options;
    this.api.create(
      DEPLOYMENTS,
      {
        metadata: {name, namespace: 'default'},
        spec: {
          replicas,
          selector: {matchLabels: {app: name}},
          ...spec,
          template: {
            metadata: {
              labels: {app: name},
              ...(podAnnotations === undefined ? {} : {annotations: podAnnotations}),
            },
            spec: {
              containers: [
                {
                  name: 'main',
                  image: 'registry.k8s.io/pause:3.10',
                  resources: {
                    ...(requests === undefined ? {} : {requests}),
                    ...(limits === undefined ? {} : {limits}),
                  },
                  ...container,
                },
              ],
              ...podSpec,
            },
          },
        },
      },
      'kubectl',
    );
    return this;
  }

  service(name: string): this {
    this.api.create(
      'services',
      {metadata: {name, namespace: 'default'}, spec: {selector: {app: name}, ports: [{port: 80}]}},
      'kubectl',
    );
    return this;
  }

  budget(name: string, rule: {minAvailable: number | string} | {maxUnavailable: number | string}): this {
    this.api.create(
      'poddisruptionbudgets.policy',
      {metadata: {name, namespace: 'default'}, spec: {selector: {matchLabels: {app: name}}, ...rule}},
      'kubectl',
    );
    return this;
  }

  seconds(seconds: number): this {
    this.advance(seconds * 1000);
    return this;
  }

  get(name: string): DeploymentObject {
    return this.api.get(DEPLOYMENTS, 'default', name) as DeploymentObject;
  }

  /** Changes the Deployment's spec. */
  edit(name: string, change: (spec: DeploymentObject['spec']) => object): this {
    this.api.update(
      DEPLOYMENTS,
      'default',
      name,
      (current) => ({...current, spec: change((current as DeploymentObject).spec)}),
      {actor: 'kubectl'},
    );
    return this;
  }

  scale(name: string, replicas: number): this {
    return this.edit(name, (spec) => ({...spec, replicas}));
  }

  /** As `kubectl rollout restart` or a new image does: another template. */
  restart(name: string, mark: string, template: object = {}): this {
    return this.edit(name, (spec) => ({
      ...spec,
      template: {
        ...spec.template,
        metadata: {...spec.template.metadata, annotations: {restarted: mark}},
        spec: {...spec.template.spec, ...template},
      },
    }));
  }

  /** Those of a Deployment that are not on their way out. */
  podsOf(name: string): PodObject[] {
    return this.pods('default').filter(
      ({metadata}) => metadata.labels?.['app'] === name && metadata.deletionTimestamp === undefined,
    );
  }

  readyPods(name: string): PodObject[] {
    return this.podsOf(name).filter(isPodReady);
  }

  replicaSetsOf(name: string): ReplicaSetObject[] {
    return this.api
      .list(REPLICA_SETS, 'default')
      .filter(({metadata}) => metadata.labels?.['app'] === name) as ReplicaSetObject[];
  }

  /** Counts of a Deployment's pods by node, those that wait under ''. */
  placement(name: string): Record<string, number> {
    const placement: Record<string, number> = {};
    for (const {spec} of this.podsOf(name)) {
      placement[spec.nodeName ?? ''] = (placement[spec.nodeName ?? ''] ?? 0) + 1;
    }
    return placement;
  }

  node(name: string): ApiObject {
    return this.api.get('nodes', undefined, name) as ApiObject;
  }

  condition(name: string, type: string) {
    return conditionOf(this.get(name).status, type);
  }

  /** Reasons of the events about objects of this kind, each once, in order. */
  eventReasons(kind: string): string[] {
    const reasons = this.api
      .list('events')
      .filter((event) => (event['involvedObject'] as {kind?: string}).kind === kind)
      .map((event) => String(event['reason']));
    return [...new Set(reasons)];
  }
}
