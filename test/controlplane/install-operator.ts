import {join} from 'node:path';

import {parseAllDocuments} from 'yaml';

import type {RunningControlPlane} from './running-control-plane.ts';

const root = join(import.meta.dirname, '../..');

/** Who the operator is to the API server, for `requestsBy` and the audit log. */
export const operatorUser = 'system:serviceaccount:spread-operator-system:spread-operator';

/** Installs what config/ holds, except the Deployment that would run the operator inside the cluster. */
export async function installOperator(cluster: RunningControlPlane): Promise<void> {
  const manifests = parseAllDocuments(await cluster.kubectl(['kustomize', join(root, 'config')]))
    .map((document) => document.toJS() as {kind: string})
    .filter(({kind}) => kind !== 'Deployment');
  await cluster.apply(manifests);
  await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '--all', 'crd']);
}
