/** Which namespaces a command is about, as for kubectl. */
import type {Command} from 'commander';
import {Option} from 'commander';
import type {ClusterPicture} from '../foresight/cluster-picture.ts';
import {listNames} from '../planning/explain.ts';
import {InputError} from './failure.ts';

export interface NamespaceOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
}

export function addNamespaceOptions(command: Command): Command {
  return command
    .option(
      '-n, --namespace <name>',
      'the namespace; default: that of the context, and all of them for a saved cluster',
    )
    .addOption(new Option('-A, --all-namespaces', 'all namespaces').conflicts('namespace'));
}

/** Undefined for all. Throws an InputError when there is no such namespace. */
export function namespaceOf(
  {namespace, allNamespaces = false}: NamespaceOptions,
  picture: ClusterPicture,
): string | undefined {
  if (allNamespaces) {
    return undefined;
  }
  if (namespace === undefined) {
    return picture.namespace;
  }
  const known = picture.objects.filter(({kind}) => kind === 'Namespace').map(({metadata}) => metadata.name);
  if (!known.includes(namespace)) {
    throw new InputError(
      `there is no namespace "${namespace}" in ${picture.origin}; it has: ${listNames(known, 10)}`,
    );
  }
  return namespace;
}

/** `namespace moonlight of context "staging"` */
export function describeScope(namespace: string | undefined, {origin}: ClusterPicture): string {
  return `${namespace === undefined ? 'all namespaces' : `namespace ${namespace}`} of ${origin}`;
}
