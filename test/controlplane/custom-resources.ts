import {join} from 'node:path';

import type {RunningControlPlane} from './running-control-plane.ts';

const directory = join(import.meta.dirname, '../../crds');

/**
 * Installs what crds/ holds, as a user would, and waits until it is served. Returns the names of the installed
 * CustomResourceDefinitions.
 */
export async function installCustomResources(cluster: RunningControlPlane): Promise<string[]> {
  const names = await cluster.kubectl(['apply', '--server-side', '-o', 'name', '-f', directory]);
  const crds = names.trim().split('\n');
  await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...crds]);
  return crds.map((name) => name.slice(name.indexOf('/') + 1));
}
