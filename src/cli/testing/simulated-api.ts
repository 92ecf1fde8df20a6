/** A simulated cluster behind a kubeconfig, for a test of a command. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {spreadPolicyCrd} from '../../api/crd.ts';
import {ApiFace} from '../../simulator/http/api-face.ts';
import type {SimulatedCluster} from '../../simulator/simulated-cluster.ts';

const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
export const POLICIES = 'spreadpolicies.spread-operator.io';

export interface SimulatedApi extends AsyncDisposable {
  readonly cluster: SimulatedCluster;
  readonly kubeconfig: string;
  /** For files of the test; gone with it. */
  readonly directory: string;
}

/** SpreadPolicies can be created in it. */
export async function serveCluster(cluster: SimulatedCluster): Promise<SimulatedApi> {
  const directory = await mkdtemp(join(tmpdir(), 'kubectl-spread-'));
  const kubeconfig = join(directory, 'kubeconfig');
  cluster.api.create(DEFINITIONS, spreadPolicyCrd, 'test');
  const face = await ApiFace.start({api: cluster.api});
  await face.writeKubeconfig(kubeconfig);
  return {
    cluster,
    kubeconfig,
    directory,
    [Symbol.asyncDispose]: async () => {
      await face.stop();
      await rm(directory, {recursive: true, force: true});
    },
  };
}
