import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseAllDocuments} from 'yaml';
import type {Manifest} from '../manifests.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What config/ holds, except the Deployment that would run the operator inside the cluster, and its Service. */
export function installation(): Manifest[] {
  const files = [
    'config/manager/namespace.yaml',
    ...['config/crd', 'config/rbac'].flatMap((folder) =>
      readdirSync(join(ROOT, folder))
        .filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
        .map((name) => `${folder}/${name}`),
    ),
  ];
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(join(ROOT, file), 'utf8')).map((document) => document.toJS() as Manifest),
  );
}
