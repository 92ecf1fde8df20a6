/** A live cluster, read once. The only file of the command line that speaks to an API server for it. */
import type {ClusterPicture, MissingResource} from '../../foresight/cluster-picture.ts';
import type {KubeClient} from '../../kube/client.ts';
import type {ApiObject} from '../../simulator/cluster-api.ts';
import type {LiveClusterOptions} from '../cluster-options.ts';
import {InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {type Progress, withProgress} from '../output/progress.ts';
import {VERSION} from '../version.ts';
import {Redactor} from './redactor.ts';
import {READ_RESOURCES, type ReadResource} from './resources.ts';

export async function readLiveCluster(
  {kubeconfig, context}: LiveClusterOptions,
  io: CommandIo,
): Promise<ClusterPicture> {
  const {env, clock, signal} = io;
  // Half a second and 90 MB, which a command on a saved cluster need not pay.
  const {loadKubeConfig, currentNamespace} = await import('../../kube/kube-config.ts');
  const {KubeClient} = await import('../../kube/client.ts');
  const load = () => loadKubeConfig({path: kubeconfig, context, env});
  let origin: string;
  let namespace: string;
  try {
    const config = load();
    origin = `context "${config.getCurrentContext()}"`;
    namespace = currentNamespace(config);
  } catch (error) {
    throw new InputError(`${(error as Error).message}; or name a saved cluster with --snapshot`, {
      cause: error,
    });
  }
  const client = new KubeClient({load, version: VERSION, clock});
  try {
    return await withProgress(io, async (progress) => {
      progress.tell(() => `connecting to ${origin}`);
      const {describeError} = await import('../../kube/api-error.ts');
      const {major, minor} = await client.serverVersion(signal).catch((error: unknown) => {
        throw new InputError(`${origin}: the API server does not answer: ${describeError(error)}`, {
          cause: error,
        });
      });
      const {objects, missing} = await readAll(client, origin, progress, signal);
      return {origin, namespace, takenAt: clock.now(), server: {major, minor}, objects, missing};
    });
  } finally {
    await client.close();
  }
}

interface Read {
  readonly resource: ReadResource;
  readonly objects: readonly ApiObject[];
  /** Why there are none. */
  readonly error?: unknown;
}

/** All lists at once: what they tell of the same moment is as near to each other as it can be. */
async function readAll(
  client: KubeClient,
  origin: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<{objects: ApiObject[]; missing: MissingResource[]}> {
  const {isForbidden, isNotFound, describeError} = await import('../../kube/api-error.ts');
  const {ListPager} = await import('../../kube/list-pager.ts');
  const {resourcePath} = await import('../../kube/paths.ts');
  const waiting = new Set(READ_RESOURCES.map(({resource}) => resource));
  const redactor = new Redactor();
  let number = 0;
  const read = async (resource: ReadResource): Promise<Read> => {
    const {apiVersion, kind, fieldSelector} = resource;
    const trim = (item: object) => {
      number += 1;
      progress.tell(() => `reading ${origin}: ${number} objects, waiting for ${[...waiting].join(', ')}`);
      return redactor.redact({apiVersion, kind, ...item} as ApiObject);
    };
    const path = resourcePath(apiVersion, resource.resource);
    try {
      const query = fieldSelector === undefined ? {} : {fieldSelector};
      const {items} = await new ListPager<object, ApiObject>({client, path, query, trim}).list(signal);
      return {resource, objects: items};
    } catch (error) {
      return {resource, objects: [], error};
    } finally {
      waiting.delete(resource.resource);
    }
  };
  const reads = await Promise.all(READ_RESOURCES.map(read));
  const failed = reads.filter(({error}) => error !== undefined);
  signal.throwIfAborted();
  const fatal = failed.filter(({resource}) => resource.isRequired);
  const [first] = fatal;
  if (first !== undefined) {
    const forbidden = fatal.filter(({error}) => isForbidden(error));
    throw new InputError(
      forbidden.length === 0
        ? `${origin}: cannot list ${first.resource.resource}: ${describeError(first.error)}`
        : `${origin}: you may not read enough of the cluster: ${describeRights(forbidden)}; ` +
            'ask for the ClusterRole view and for list on nodes, or read a snapshot that somebody else has made (--snapshot)',
      {cause: first.error},
    );
  }
  return {
    objects: reads.flatMap(({objects}) => objects),
    missing: failed.map(({resource, error}) => ({
      resource: `${resource.apiVersion} ${resource.resource}`,
      reason: isForbidden(error)
        ? `the right is missing: ${describeRights([{resource}])}`
        : isNotFound(error)
          ? (resource.ifNotServed ?? 'this API server does not serve it')
          : describeError(error),
    })),
  };
}

/** As `kubectl auth can-i` names them. */
function describeRights(reads: readonly Pick<Read, 'resource'>[]): string {
  const names = reads.map(({resource: {apiVersion, resource}}) => {
    const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
    return `${resource}${group}`;
  });
  return `list ${names.join(', ')} in all namespaces`;
}
