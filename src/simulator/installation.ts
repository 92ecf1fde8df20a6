/** The operator's installation in a simulated cluster: what config/ holds, and a kubeconfig with the operator's rights. */
import {join} from 'node:path';
import {parseAllDocuments} from 'yaml';
import {PACKAGE_FILES, readPackageFile} from '../package-files.ts';
import type {ApiFace} from './http/api-face.ts';
import type {Manifest} from './manifests.ts';
import type {SimulatedCluster} from './simulated-cluster.ts';

const NAMESPACE = 'spread-operator-system';
/** A simulation may run for years of its own time. */
const TOKEN_SECONDS = 10 * 365 * 86_400;

export interface OperatorSurroundings {
  readonly cluster: SimulatedCluster;
  readonly face: ApiFace;
  /** For its kubeconfig, and its log if it has one. */
  readonly directory: string;
}

/** What config/ holds, except the Deployment that would run the operator inside the cluster, and its Service. */
export function installation(): Manifest[] {
  return PACKAGE_FILES.filter((path) => path.startsWith('config/')).flatMap((path) =>
    parseAllDocuments(readPackageFile(path)).map((document) => document.toJS() as Manifest),
  );
}

/** Writes it, and gives its path. The installation must be in the cluster already. */
export async function operatorKubeconfig({face, directory}: OperatorSurroundings): Promise<string> {
  const kubeconfig = join(directory, 'operator-kubeconfig');
  await face.writeServiceAccountKubeconfig(kubeconfig, NAMESPACE, 'spread-operator', TOKEN_SECONDS);
  return kubeconfig;
}
