/**
 * Writes src/simulator/apiserver/kubernetes-schemas.json: what Kubernetes publishes as OpenAPI v3 for the kinds that the
 * simulated API server serves, one schema a line; and src/simulator/http/kubernetes-messages.json: the numbers of their
 * fields in protobuf, which kubectl writes in some requests. The source is the module k8s.io/kubernetes in the version of the
 * tests' control plane (test/controlplane/go/go.mod), so that both speak the same API. To be run after that version
 * changes: `node scripts/generate-kubernetes-schemas.ts`; needs Go.
 */
import {execFileSync} from 'node:child_process';
import {globSync, readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

const documents = [
  'api__v1',
  'apis__apps__v1',
  'apis__policy__v1',
  'apis__autoscaling__v1',
  'apis__autoscaling__v2',
  'apis__coordination.k8s.io__v1',
  'apis__events.k8s.io__v1',
  'apis__rbac.authorization.k8s.io__v1',
  'apis__storage.k8s.io__v1',
  'apis__discovery.k8s.io__v1',
  'apis__scheduling.k8s.io__v1',
  'apis__apiextensions.k8s.io__v1',
  'apis__apiregistration.k8s.io__v1',
  'apis__authentication.k8s.io__v1',
  'apis__authorization.k8s.io__v1',
];

const roots = [
  ...[
    'Binding',
    'ConfigMap',
    'Event',
    'LimitRange',
    'Namespace',
    'Node',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'Pod',
    'ResourceQuota',
    'Secret',
    'Service',
    'ServiceAccount',
  ].map((kind) => `io.k8s.api.core.v1.${kind}`),
  ...['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'].map((kind) => `io.k8s.api.apps.v1.${kind}`),
  'io.k8s.api.autoscaling.v1.Scale',
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
  'io.k8s.api.policy.v1.Eviction',
  'io.k8s.api.coordination.v1.Lease',
  'io.k8s.api.events.v1.Event',
  ...['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'].map((kind) => `io.k8s.api.rbac.v1.${kind}`),
  ...['StorageClass', 'CSINode', 'CSIDriver', 'VolumeAttachment'].map(
    (kind) => `io.k8s.api.storage.v1.${kind}`,
  ),
  'io.k8s.api.discovery.v1.EndpointSlice',
  'io.k8s.api.scheduling.v1.PriorityClass',
  'io.k8s.api.authentication.v1.TokenRequest',
  'io.k8s.api.authentication.v1.TokenReview',
  'io.k8s.api.authentication.v1.SelfSubjectReview',
  ...['SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SubjectAccessReview'].map(
    (kind) => `io.k8s.api.authorization.v1.${kind}`,
  ),
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
];

function moduleOf(path: string): {directory: string; version: string} {
  const output = execFileSync('go', ['list', '-m', '-f', '{{.Dir}} {{.Version}}', path], {
    cwd: `${root}test/controlplane/go`,
    encoding: 'utf8',
  });
  const [directory = '', version = ''] = output.trim().split(' ');
  return {directory, version};
}

const {directory, version} = moduleOf('k8s.io/kubernetes');

const published: Record<string, object> = {};
for (const document of documents) {
  const text = readFileSync(`${directory}/api/openapi-spec/v3/${document}_openapi.json`, 'utf8');
  const {components} = JSON.parse(text) as {components: {schemas: Record<string, object>}};
  Object.assign(published, components.schemas);
}

const wanted = new Set<string>();
const queue = [...roots];
for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
  if (wanted.has(name)) continue;
  wanted.add(name);
  const schema = published[name];
  if (schema === undefined) throw new Error(`Kubernetes ${version} publishes no schema ${name}`);
  for (const [, reference] of JSON.stringify(schema).matchAll(/#\/components\/schemas\/([^"]+)"/g)) {
    if (reference !== undefined) queue.push(reference);
  }
}

const lines = [...wanted].sort().map((name) => `${JSON.stringify(name)}: ${JSON.stringify(published[name])}`);
const text = `{\n"kubernetesVersion": ${JSON.stringify(version)},\n"schemas": {\n${lines.join(',\n')}\n}}\n`;
writeFileSync(`${root}src/simulator/apiserver/kubernetes-schemas.json`, text);
console.log(`wrote ${wanted.size} schemas of Kubernetes ${version}, ${Math.round(text.length / 1024)} KiB`);

// Of each message by field number: name, type, and whether it is a list or (by the type of its values) a map.
type Field = [name: string, type: string, shape?: 'list' | 'map'];
const messages: Record<string, Record<string, Field>> = {};
for (const path of ['k8s.io/api', 'k8s.io/apimachinery']) {
  const {directory: base} = moduleOf(path);
  for (const file of globSync(`${base}/**/generated.proto`)) readMessages(readFileSync(file, 'utf8'));
}

function readMessages(source: string): void {
  const name = /^package (\S+);/m.exec(source)?.[1] ?? '';
  const qualify = (type: string): string =>
    /^[a-z]\w*$/.test(type) ? type : type.startsWith('.') ? type.slice(1) : `${name}.${type}`;
  let fields: Record<string, Field> | undefined;
  for (const line of source.split('\n')) {
    const message = /^message (\w+) \{/.exec(line)?.[1];
    if (message !== undefined) {
      fields = {};
      messages[`${name}.${message}`] = fields;
    }
    const field = /^\s+(?:(optional|repeated) )?(?:map<\w+, ([\w.]+)>|([\w.]+)) (\w+) = (\d+)/.exec(line);
    if (field === null || fields === undefined) continue;
    const [, label, values, type = '', fieldName = '', number = ''] = field;
    if (values !== undefined) fields[number] = [fieldName, qualify(values), 'map'];
    else
      fields[number] = label === 'repeated' ? [fieldName, qualify(type), 'list'] : [fieldName, qualify(type)];
  }
}

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const wantedMessages = new Set<string>();
const messageQueue = [
  `${meta}.DeleteOptions`,
  ...roots
    .filter((each) => each.startsWith('io.k8s.api.'))
    .map((each) => each.replace(/^io\.k8s\./, 'k8s.io.')),
];
for (let each = messageQueue.pop(); each !== undefined; each = messageQueue.pop()) {
  const fields = messages[each];
  if (fields === undefined || wantedMessages.has(each)) continue;
  wantedMessages.add(each);
  for (const [, type] of Object.values(fields)) messageQueue.push(type);
}
const messageLines = [...wantedMessages]
  .sort()
  .map((each) => `${JSON.stringify(each)}: ${JSON.stringify(messages[each])}`);
writeFileSync(`${root}src/simulator/http/kubernetes-messages.json`, `{\n${messageLines.join(',\n')}\n}\n`);
console.log(`wrote ${wantedMessages.size} messages`);
