/** Kubeconfigs for the simulated cluster, complete in themselves. */
import {writeFile} from 'node:fs/promises';
import {stringify} from 'yaml';

export interface KubeconfigParts {
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly user: string;
  readonly token: string;
  readonly namespace?: string;
}

export function kubeconfig({server, authority, user, token, namespace}: KubeconfigParts): string {
  const data = Buffer.from(authority).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{name: 'simulated', cluster: {server, 'certificate-authority-data': data}}],
    users: [{name: user, user: {token}}],
    contexts: [
      {
        name: 'simulated',
        context: {cluster: 'simulated', user, ...(namespace === undefined ? {} : {namespace})},
      },
    ],
    'current-context': 'simulated',
  });
}

export async function writeKubeconfig(path: string, parts: KubeconfigParts): Promise<void> {
  await writeFile(path, kubeconfig(parts), {mode: 0o600});
}
