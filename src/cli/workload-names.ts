/** Deployments that somebody names on the command line. */
import type {Workload} from '../cluster/workload.ts';
import {listNames} from '../planning/explain.ts';
import {InputError} from './failure.ts';

/**
 * Which Deployments are meant by `web`, `deploy/web`, `deployment/web` or `deployment.apps/web`; all without a name.
 * Throws an InputError when one of the names is not among them.
 */
export function namedWorkloads(names: readonly string[], workloads: Iterable<Workload>): Workload[] {
  const all = [...workloads];
  if (names.length === 0) {
    return all;
  }
  return names.flatMap((given) => {
    const name = nameOf(given);
    const found = all.filter((workload) => workload.name === name);
    if (found.length === 0) {
      const known = [...new Set(all.map((workload) => workload.name))];
      throw new InputError(
        `there is no Deployment "${name}"; there are: ${known.length === 0 ? 'none' : listNames(known, 10)}`,
      );
    }
    return found;
  });
}

function nameOf(given: string): string {
  const [kind, name, ...more] = given.split('/');
  if (name === undefined) {
    return given;
  }
  if (more.length > 0 || !/^(?:deploy|deployments?)(?:\.apps)?$/.test(kind ?? '')) {
    throw new InputError(`${given}: expected the name of a Deployment, such as web or deployment/web`);
  }
  return name;
}
