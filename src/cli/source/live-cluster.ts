/** A live cluster, read once. The only file of the command line that speaks to an API server for it. */
import type {ClusterPicture, MissingResource} from '../../foresight/cluster-picture.ts';
import type {ApiObject} from '../../simulator/cluster-api.ts';
import type {LiveClusterOptions} from '../cluster-options.ts';
import {InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {VERSION} from '../version.ts';
import {READ_RESOURCES} from './resources.ts';
import {withoutSecrets} from './without-secrets.ts';

export async function readLiveCluster(
  {kubeconfig, context}: LiveClusterOptions,
  {env, clock, signal}: CommandIo,
): Promise<ClusterPicture> {
  // Half a second and 90 MB, which a command on a saved cluster need not pay.
  const {loadKubeConfig} = await import('../../kube/kube-config.ts');
  const {KubeClient} = await import('../../kube/client.ts');
  const {ListPager} = await import('../../kube/list-pager.ts');
  const {resourcePath} = await import('../../kube/paths.ts');
  const {describeError} = await import('../../kube/api-error.ts');
  const load = () => loadKubeConfig({path: kubeconfig, context, env});
  let name: string;
  try {
    name = load().getCurrentContext();
  } catch (error) {
    throw new InputError(`${(error as Error).message}, or name a saved cluster with --snapshot`, {
      cause: error,
    });
  }
  const client = new KubeClient({load, version: VERSION, clock});
  try {
    const server = await client.serverVersion(signal).catch((error: unknown) => {
      throw new InputError(`context "${name}": the API server does not answer: ${describeError(error)}`, {
        cause: error,
      });
    });
    const objects: ApiObject[] = [];
    const missing: MissingResource[] = [];
    for (const {apiVersion, resource, kind, isRequired} of READ_RESOURCES) {
      const path = resourcePath(apiVersion, resource);
      const trim = (item: object) => withoutSecrets({apiVersion, kind, ...item} as ApiObject);
      try {
        const {items} = await new ListPager<object, ApiObject>({client, path, trim}).list(signal);
        for (const item of items) {
          objects.push(item);
        }
      } catch (error) {
        if (isRequired || signal.aborted) {
          throw new InputError(`context "${name}": cannot list ${resource}: ${describeError(error)}`, {
            cause: error,
          });
        }
        missing.push({resource: `${apiVersion} ${resource}`, reason: describeError(error)});
      }
    }
    return {origin: `context "${name}"`, takenAt: clock.now(), server, objects, missing};
  } finally {
    await client.close();
  }
}
