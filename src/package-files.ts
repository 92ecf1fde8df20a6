/** What is read of the package at run time: next to the sources, next to the bundle, or inside the single executable. */
import {readFileSync} from 'node:fs';
import {getAsset, isSea} from 'node:sea';

/** All of them; the single executable carries these. */
export const PACKAGE_FILES = [
  'package.json',
  'examples/moonlight/workloads.yaml',
  'examples/moonlight/policies.yaml',
  'config/manager/namespace.yaml',
  'config/crd/spread-operator.io_spreadpolicies.yaml',
  'config/rbac/service-account.yaml',
  'config/rbac/cluster-role.yaml',
  'config/rbac/cluster-role-binding.yaml',
  'config/rbac/leader-election-role.yaml',
  'config/rbac/leader-election-role-binding.yaml',
  'config/rbac/user-roles.yaml',
] as const;

export type PackageFile = (typeof PACKAGE_FILES)[number];

export function readPackageFile(path: PackageFile): string {
  return isSea() ? getAsset(path, 'utf8') : readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}
