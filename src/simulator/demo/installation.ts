import {parseAllDocuments} from 'yaml';
import {PACKAGE_FILES, readPackageFile} from '../../package-files.ts';
import type {Manifest} from '../manifests.ts';

/** What config/ holds, except the Deployment that would run the operator inside the cluster, and its Service. */
export function installation(): Manifest[] {
  return PACKAGE_FILES.filter((path) => path.startsWith('config/')).flatMap((path) =>
    parseAllDocuments(readPackageFile(path)).map((document) => document.toJS() as Manifest),
  );
}
