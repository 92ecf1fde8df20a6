import {generateKeyPairSync, randomUUID} from 'node:crypto';
import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {stringify} from 'yaml';

import type {ComponentName} from './component.ts';

export interface Identity {
  user: string;
  groups?: string[];
}

const components = {
  'kube-controller-manager': {user: 'system:kube-controller-manager'},
  'kube-scheduler': {user: 'system:kube-scheduler'},
  // KWOK is kubelet, node owner and more in one; no built-in role covers it.
  kwok: {user: 'kwok', groups: ['system:masters']},
} satisfies Partial<Record<ComponentName, Identity>>;

/** The folder that holds everything of one cluster: keys, tokens, kubeconfigs, etcd's data and the logs. */
export class ClusterDirectory {
  readonly path: string;
  readonly #tokens = new Map<string, string>();

  private constructor(path: string) {
    this.path = path;
  }

  static async create(identities: Identity[]): Promise<ClusterDirectory> {
    const directory = new ClusterDirectory(await mkdtemp(join(tmpdir(), 'spread-operator-cluster-')));
    await Promise.all(['logs', 'certificates', 'etcd'].map((name) => mkdir(directory.file(name))));
    const {publicKey, privateKey} = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: {type: 'spki', format: 'pem'},
      privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
    });
    await Promise.all([
      writeFile(directory.file('service-account.pub'), publicKey),
      writeFile(directory.file('service-account.key'), privateKey, {mode: 0o600}),
      writeFile(directory.file('audit-policy.yaml'), stringify(auditPolicy)),
      directory.#writeTokens([
        {user: 'admin', groups: ['system:masters']},
        ...Object.values<Identity>(components),
        ...identities,
      ]),
    ]);
    return directory;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  logFile(name: ComponentName): string {
    return this.file(join('logs', `${name}.log`));
  }

  /** The API server signs its own certificate; the file ends with the authority that did it. */
  get certificateFile(): string {
    return this.file('certificates/apiserver.crt');
  }

  get auditFile(): string {
    return this.file('logs/audit.jsonl');
  }

  token(user: string): string | undefined {
    return this.#tokens.get(user);
  }

  kubeconfigFile(name: string): string {
    return this.file(`${name}.kubeconfig`);
  }

  /** One kubeconfig for the administrator and one for each component that needs it. */
  async writeKubeconfigs(server: string): Promise<void> {
    const users = {admin: {user: 'admin'}, ...components};
    await Promise.all(
      Object.entries(users).map(([name, {user}]) =>
        this.writeKubeconfig(this.kubeconfigFile(name), server, user, this.#tokens.get(user) ?? ''),
      ),
    );
  }

  async writeKubeconfig(path: string, server: string, user: string, token: string): Promise<void> {
    const certificate = await readFile(this.certificateFile);
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {name: 'test', cluster: {server, 'certificate-authority-data': certificate.toString('base64')}},
      ],
      users: [{name: user, user: {token}}],
      contexts: [{name: 'test', context: {cluster: 'test', user}}],
      'current-context': 'test',
    };
    await writeFile(path, stringify(kubeconfig), {mode: 0o600});
  }

  async remove(): Promise<void> {
    await rm(this.path, {recursive: true, force: true, maxRetries: 5, retryDelay: 100});
  }

  async #writeTokens(identities: Identity[]): Promise<void> {
    const lines = identities.map(({user, groups = []}) => {
      const token = randomUUID();
      this.#tokens.set(user, token);
      return `${token},${user},${user},"${groups.join(',')}"`;
    });
    await writeFile(this.file('tokens.csv'), `${lines.join('\n')}\n`, {mode: 0o600});
  }
}

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    // What the control plane reads, and its heartbeats and events, would bury everything else.
    {
      level: 'None',
      users: Object.values(components).map(({user}) => user),
      verbs: ['get', 'list', 'watch'],
    },
    {level: 'None', userGroups: ['system:serviceaccounts:kube-system'], verbs: ['get', 'list', 'watch']},
    {level: 'None', users: ['system:apiserver']},
    {
      level: 'None',
      users: Object.values(components).map(({user}) => user),
      resources: [
        {group: 'coordination.k8s.io'},
        {group: 'events.k8s.io'},
        {group: '', resources: ['events']},
      ],
    },
    // Only the body says whether an eviction was a dry run, and which UID it expected.
    {level: 'Request', resources: [{group: '', resources: ['pods/eviction']}]},
    {level: 'Metadata'},
  ],
};
