/**
 * There are two ways to install the operator, kustomize (config/) and Helm (deploy/helm/), and they must give the same
 * operator. What does not depend on values stands in files of the chart that are plain YAML, so that this test can
 * read them without Helm.
 */
import {readFile} from 'node:fs/promises';
import {describe, expect, it} from '@jest/globals';
import {Ajv} from 'ajv';
import {parse, parseAllDocuments} from 'yaml';

const root = new URL('../../', import.meta.url);
const chart = 'deploy/helm/spread-operator';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

interface Manifest {
  kind: string;
  metadata: {name: string; namespace?: string; labels?: Record<string, string>};
}

interface Role extends Manifest {
  rules: Rule[];
}

interface Probe {
  httpGet?: {path: string; port: string};
  [setting: string]: unknown;
}

interface DeploymentManifest extends Manifest {
  spec: {
    replicas: number;
    template: {
      spec: {
        serviceAccountName: string;
        terminationGracePeriodSeconds: number;
        securityContext: Record<string, unknown>;
        containers: {
          image: string;
          imagePullPolicy: string;
          args: string[];
          resources: Record<string, unknown>;
          securityContext: Record<string, unknown>;
          livenessProbe: Probe;
          readinessProbe: Probe;
        }[];
      };
    };
  };
}

interface Values {
  replicas: number;
  image: {pullPolicy: string};
  logLevel: string;
  terminationGracePeriodSeconds: number;
  podSecurityContext: Record<string, unknown>;
  securityContext: Record<string, unknown>;
  resources: Record<string, unknown>;
  livenessProbe: Probe;
  readinessProbe: Probe;
}

describe('RBAC', () => {
  it.each([
    {manifest: 'config/rbac/cluster-role.yaml', name: 'spread-operator', rules: 'cluster-role-rules.yaml'},
    {
      manifest: 'config/rbac/leader-election-role.yaml',
      name: 'spread-operator-leader-election',
      rules: 'leader-election-rules.yaml',
    },
    {manifest: 'config/rbac/user-roles.yaml', name: 'spread-operator-view', rules: 'view-rules.yaml'},
    {manifest: 'config/rbac/user-roles.yaml', name: 'spread-operator-edit', rules: 'edit-rules.yaml'},
  ])('of $name is the same in kustomize and Helm', async ({manifest, name, rules}) => {
    const role = (await documents<Role>(manifest)).find(({metadata}) => metadata.name === name);
    const [ofChart] = await documents<Rule[]>(`${chart}/files/${rules}`);

    expect(role?.rules).toBeDefined();
    expect(ofChart).toEqual(role?.rules);
  });

  it('uses every rules file in a template', async () => {
    const templates =
      (await text(`${chart}/templates/rbac.yaml`)) + (await text(`${chart}/templates/user-roles.yaml`));

    for (const file of ['cluster-role', 'leader-election', 'view', 'edit']) {
      expect(templates).toContain(`.Files.Get "files/${file}-rules.yaml"`);
    }
  });

  it('lets the operator evict pods and patch templates, and nothing stronger', async () => {
    const [role] = await documents<Role>('config/rbac/cluster-role.yaml');
    const writes = (role?.rules ?? []).flatMap(({resources, verbs}) =>
      resources.flatMap((resource) =>
        verbs.filter((verb) => !['get', 'list', 'watch'].includes(verb)).map((verb) => `${verb} ${resource}`),
      ),
    );

    expect(writes.toSorted()).toEqual([
      'create events',
      'create pods/eviction',
      'patch deployments',
      'patch events',
      'patch spreadpolicies',
      'patch spreadpolicies/status',
    ]);
  });

  it('uses no wildcard', async () => {
    const files = ['cluster-role', 'leader-election-role', 'user-roles'];
    const roles = (
      await Promise.all(files.map((file) => documents<Role>(`config/rbac/${file}.yaml`)))
    ).flat();

    const words = roles.flatMap(({rules}) =>
      rules.flatMap(({apiGroups, resources, verbs}) => [...apiGroups, ...resources, ...verbs]),
    );

    expect(words.filter((word) => word.includes('*'))).toEqual([]);
  });
});

describe('the Deployment', () => {
  it('has the same essentials in kustomize and in the default values of the chart', async () => {
    const {deployment, pod, container} = await manager();
    const [values] = await documents<Values>(`${chart}/values.yaml`);

    expect(values).toMatchObject({
      replicas: deployment.spec.replicas,
      image: {pullPolicy: container.imagePullPolicy},
      terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds,
      podSecurityContext: pod.securityContext,
      securityContext: container.securityContext,
      resources: container.resources,
    });
    expect({httpGet: {path: '/healthz', port: 'http'}, ...values?.livenessProbe}).toEqual(
      container.livenessProbe,
    );
    expect({httpGet: {path: '/readyz', port: 'http'}, ...values?.readinessProbe}).toEqual(
      container.readinessProbe,
    );
  });

  it('gets the same flags from both', async () => {
    const {container} = await manager();
    const [values] = await documents<Values>(`${chart}/values.yaml`);
    const template = await text(`${chart}/templates/deployment.yaml`);

    expect(container.args).toEqual([
      '--leader-elect',
      '--health-address=0.0.0.0:8080',
      '--log-format=json',
      `--log-level=${values?.logLevel}`,
    ]);
    for (const argument of container.args) {
      expect(template).toContain(argument.replace('=info', '={{ .Values.logLevel }}'));
    }
  });

  it('meets the restricted Pod Security Standard with a read-only root file system', async () => {
    const {pod, container} = await manager();

    expect(pod.securityContext).toMatchObject({runAsNonRoot: true, seccompProfile: {type: 'RuntimeDefault'}});
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: {drop: ['ALL']},
    });
  });

  it('runs as the user of the image', async () => {
    const {pod} = await manager();
    const dockerfile = await text('Dockerfile');

    const {runAsUser, runAsGroup} = pod.securityContext;

    expect(dockerfile).toContain(`USER ${String(runAsUser)}:${String(runAsGroup)}`);
  });
});

describe('the chart', () => {
  it('has default values that its own schema accepts', async () => {
    const [values] = await documents<Values>(`${chart}/values.yaml`);
    const validate = new Ajv({strict: true, strictTypes: false}).compile(
      JSON.parse(await text(`${chart}/values.schema.json`)),
    );

    const valid = validate(values);

    expect({valid, errors: validate.errors}).toEqual({valid: true, errors: null});
  });

  it.each([
    {title: 'an unknown value', values: {replicaCount: 2}},
    {title: 'two replicas that both act', values: {replicas: 2, leaderElection: {enabled: false}}},
    {title: 'a log level that is none', values: {logLevel: 'loud'}},
    {title: 'a flag without dashes', values: {extraArgs: ['leader-elect']}},
  ])('refuses $title', async ({values}) => {
    const validate = new Ajv({strict: true, strictTypes: false}).compile(
      JSON.parse(await text(`${chart}/values.schema.json`)),
    );

    expect(validate(values)).toBe(false);
  });

  it('has the version of the package, and so has the image in kustomize', async () => {
    const {version} = JSON.parse(await text('package.json')) as {version: string};
    const [metadata] = await documents<{version: string; appVersion: string}>(`${chart}/Chart.yaml`);
    const [kustomization] = await documents<{images: {newTag: string}[]}>(
      'config/default/kustomization.yaml',
    );

    expect(metadata).toMatchObject({version, appVersion: version});
    expect(kustomization?.images[0]?.newTag).toBe(version);
  });
});

async function manager() {
  const [deployment] = await documents<DeploymentManifest>('config/manager/deployment.yaml');
  const container = deployment?.spec.template.spec.containers[0];
  if (deployment === undefined || container === undefined) {
    throw new Error('config/manager/deployment.yaml holds no Deployment with a container');
  }
  return {deployment, pod: deployment.spec.template.spec, container};
}

async function documents<T>(path: string): Promise<T[]> {
  return parseAllDocuments(await text(path)).map((document) => parse(document.toString()) as T);
}

function text(path: string): Promise<string> {
  return readFile(new URL(path, root), 'utf8');
}
