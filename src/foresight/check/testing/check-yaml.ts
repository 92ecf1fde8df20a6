/** Manifests judged in a test: YAML in, findings out. */
import {parseManifests} from '../../../cli/manifests/parse-manifests.ts';
import {type AssumedCluster, assumeCluster} from '../../../cli/source/assumed-cluster.ts';
import type {ApiObject} from '../../../simulator/cluster-api.ts';
import {CHECK_RULES, type CheckReport, type CheckRequest, checkManifests, contextOf} from '../check.ts';
import type {Finding} from '../finding.ts';
import type {SuppressionEntry} from '../suppression.ts';

export interface CheckYamlOptions extends Partial<AssumedCluster> {
  /** What the cluster has besides its nodes. */
  readonly objects?: readonly ApiObject[];
  readonly isAssumed?: boolean;
  readonly suppressions?: readonly SuppressionEntry[];
}

/** On three nodes of 4 CPU, where nothing else is said. */
export function checkYaml(yaml: string, options: CheckYamlOptions = {}): CheckReport {
  return checkManifests(requestOf(yaml, options));
}

function requestOf(
  yaml: string,
  {objects = [], isAssumed = true, suppressions = [], nodes = 3, ...cluster}: CheckYamlOptions,
): CheckRequest {
  const {objects: manifests, problems} = parseManifests(yaml, 'a.yaml');
  if (problems.length > 0) {
    throw new Error(`the test's manifests: ${problems.map(({message}) => message).join('; ')}`);
  }
  const picture = assumeCluster({nodes, ...cluster}, Date.UTC(2026, 0, 1));
  return {
    picture: {...picture, objects: [...picture.objects, ...objects]},
    manifests,
    defaultNamespace: 'default',
    isAssumed,
    suppressions,
  };
}

/** What one rule says. */
export function findingsOf(rule: string, yaml: string, options: CheckYamlOptions = {}): Finding[] {
  return CHECK_RULES.filter(({id}) => id === rule).flatMap((each) =>
    each.find(contextOf(requestOf(yaml, options))),
  );
}

export interface WrittenDeployment {
  readonly replicas?: number;
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  /** Further lines of its spec, and of the spec of its pods. */
  readonly spec?: string;
  readonly podSpec?: string;
  readonly cpu?: string;
  readonly labels?: string;
}

/** A Deployment in namespace default whose pods are labelled `app: <name>`, as a document. */
export function deploymentYaml(
  name: string,
  {
    replicas = 2,
    kind = 'Deployment',
    spec = '',
    podSpec = '',
    cpu = '100m',
    labels = `{app: ${name}}`,
  }: WrittenDeployment = {},
): string {
  return `---
apiVersion: apps/v1
kind: ${kind}
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
${kind === 'DaemonSet' ? '' : `  replicas: ${replicas}\n`}${kind === 'StatefulSet' ? `  serviceName: ${name}\n` : ''}${indented(spec, 2)}  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: ${labels}}
    spec:
${indented(podSpec, 6)}      containers:
      - {name: main, image: 'registry.k8s.io/pause:3.10', resources: {requests: {cpu: ${cpu}}}}
`;
}

export function serviceYaml(name: string, app = name): string {
  return `---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${app}}, ports: [{port: 80}]}
`;
}

function indented(text: string, spaces: number): string {
  return text === '' ? '' : `${text.trimEnd().replaceAll(/^/gm, ' '.repeat(spaces))}\n`;
}
