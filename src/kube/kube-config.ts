/**
 * Finds out how to reach the cluster, with kubectl's rules for several files. Only this file loads
 * `@kubernetes/client-node`, which costs tens of megabytes.
 */
import {existsSync, readFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {delimiter, dirname, join, resolve} from 'node:path';
import {KubeConfig} from '@kubernetes/client-node';
import {parse} from 'yaml';

export interface KubeConfigOptions {
  /** `--kubeconfig`; goes before everything else. */
  readonly path?: string | undefined;
  /** `--context`. */
  readonly context?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Prepended to `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly serviceAccountPrefix?: string;
}

/** Explicit path, else KUBECONFIG (several paths: the first mention of a name wins), else ~/.kube/config, else in-cluster. */
export function loadKubeConfig(options: KubeConfigOptions = {}): KubeConfig {
  const config = load(options);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const context = config.getCurrentContext();
  const known = config.getContexts().map(({name}) => name);
  if (!known.includes(context)) {
    const wanted = context ? `has no context "${context}"` : 'names no current-context';
    throw new Error(
      `the kubeconfig ${wanted}; it has: ${known.join(', ') || 'none'}; choose one with --context`,
    );
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Error(`context "${context}" of the kubeconfig names a cluster that is not in it`);
  // client-node refuses http unless TLS verification is off, although there is no TLS to verify. kubectl does not.
  config.clusters = config.clusters.map((each) =>
    each.server.startsWith('http:') ? {...each, skipTLSVerify: true} : each,
  );
  return config;
}

/** The namespace of the current context (in-cluster: of the service account). */
export function currentNamespace(config: KubeConfig): string {
  return config.getContextObject(config.getCurrentContext())?.namespace?.trim() || 'default';
}

function load({path, env = process.env, serviceAccountPrefix = ''}: KubeConfigOptions): KubeConfig {
  if (path !== undefined) return loadFile(path);
  if (env['KUBECONFIG']) return loadFiles(env['KUBECONFIG'].split(delimiter).filter((each) => each !== ''));

  const home = join(env['HOME'] ?? homedir(), '.kube', 'config');
  if (existsSync(home)) return loadFile(home);

  const token = `${serviceAccountPrefix}/var/run/secrets/kubernetes.io/serviceaccount/token`;
  if (env['KUBERNETES_SERVICE_HOST'] && existsSync(token)) {
    const config = new KubeConfig();
    config.loadFromCluster(serviceAccountPrefix);
    return config;
  }
  throw new Error(
    `no cluster to talk to: set KUBECONFIG or --kubeconfig, or create ${home}; inside a cluster, the pod needs a service account token`,
  );
}

function loadFiles(paths: readonly string[]): KubeConfig {
  // kubectl skips files of the list that do not exist.
  const existing = paths.filter((path) => existsSync(path));
  if (existing.length === 0) throw new Error(`KUBECONFIG names no existing file: ${paths.join(', ')}`);
  const merged = new KubeConfig();
  for (const config of existing.map(loadFile)) {
    merged.clusters = addMissing(merged.clusters, config.clusters);
    merged.users = addMissing(merged.users, config.users);
    merged.contexts = addMissing(merged.contexts, config.contexts);
    if (!merged.currentContext && config.currentContext) merged.currentContext = config.currentContext;
  }
  return merged;
}

function addMissing<T extends {name: string}>(to: readonly T[], more: readonly T[]): T[] {
  const known = new Set(to.map(({name}) => name));
  return [...to, ...more.filter(({name}) => !known.has(name))];
}

interface UserEntry {
  user?: {tokenFile?: string; 'auth-provider'?: unknown};
}

function loadFile(path: string): KubeConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`kubeconfig ${path} cannot be read: ${(error as Error).message}`, {cause: error});
  }
  try {
    const config = new KubeConfig();
    const document = (parse(text) ?? {}) as {users?: UserEntry[]};
    const directory = dirname(resolve(path));
    for (const {user} of document.users ?? []) {
      // client-node knows no `tokenFile`, but has an authenticator that reads one again every minute.
      if (user?.tokenFile === undefined) continue;
      user['auth-provider'] = {name: 'tokenFile', config: {tokenFile: resolve(directory, user.tokenFile)}};
    }
    config.loadFromString(JSON.stringify(document));
    config.makePathsAbsolute(directory);
    return config;
  } catch (error) {
    throw new Error(`kubeconfig ${path} is not valid: ${(error as Error).message}`, {cause: error});
  }
}
