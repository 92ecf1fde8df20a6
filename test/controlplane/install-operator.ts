import {join} from 'node:path';

import {parseAllDocuments} from 'yaml';

import {installation} from '../../src/simulator/installation.ts';
import type {RunningControlPlane} from './running-control-plane.ts';
import {waitFor} from './wait-for.ts';

const root = join(import.meta.dirname, '../..');

/** Who the operator is to the API server, for `requestsBy` and the audit log. */
export const operatorUser = 'system:serviceaccount:spread-operator-system:spread-operator';

/** Installs what config/ holds, except the Deployment that would run the operator inside the cluster. */
export async function installOperator(cluster: RunningControlPlane): Promise<void> {
  if (!cluster.hasKubectl) {
    await cluster.apply(installation());
    await waitFor('the policies are served', () =>
      cluster.admin.get('/apis/spread-operator.io/v1alpha1/spreadpolicies'),
    );
    return;
  }
  const manifests = parseAllDocuments(await cluster.kubectl(['kustomize', join(root, 'config')]))
    .map((document) => document.toJS() as {kind: string})
    .filter(({kind}) => kind !== 'Deployment');
  await cluster.apply(manifests);
  await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '--all', 'crd']);
}
