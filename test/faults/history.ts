/** Every version of every object of a run, so that what an operator had been told can be told from what was so. */
import type {ApiObject, ObjectChange, ResourceName} from '../../src/simulator/cluster-api.ts';
import {keyOf} from '../../src/simulator/objects.ts';
import type {SimulatedCluster} from '../../src/simulator/simulated-cluster.ts';

interface Version {
  readonly revision: number;
  /** Absent: deleted. */
  readonly object: ApiObject | undefined;
}

const KEPT: readonly ResourceName[] = [
  'pods',
  'nodes',
  'namespaces',
  'deployments.apps',
  'replicasets.apps',
  'poddisruptionbudgets.policy',
  'spreadpolicies.spread-operator.io',
];

export class History {
  readonly #versions = new Map<ResourceName, Map<string, Version[]>>();
  /** By resource, in order: which revision came when. */
  readonly #times = new Map<ResourceName, {readonly revision: number; readonly at: number}[]>();
  readonly #now: () => number;

  constructor({api, clock}: SimulatedCluster) {
    this.#now = () => clock.now();
    for (const resource of KEPT) {
      const objects = api.list(resource);
      this.#versions.set(
        resource,
        new Map(objects.map((object) => [keyOf(object.metadata), [{revision: 0, object}]])),
      );
    }
    api.onChange((change) => this.#add(change));
  }

  get(resource: ResourceName, key: string, revision = Number.POSITIVE_INFINITY): ApiObject | undefined {
    return lastUpTo(this.#versions.get(resource)?.get(key) ?? [], revision)?.object;
  }

  list(resource: ResourceName, revision = Number.POSITIVE_INFINITY): ApiObject[] {
    return [...(this.#versions.get(resource)?.values() ?? [])].flatMap(
      (versions) => lastUpTo(versions, revision)?.object ?? [],
    );
  }

  /** Since when something has happened that whoever knows only this revision does not know; undefined when nothing has. */
  unknownSince(resource: ResourceName, revision: number): number | undefined {
    const times = this.#times.get(resource) ?? [];
    let first: number | undefined;
    for (let index = times.length - 1; index >= 0; index--) {
      const time = times[index];
      if (time === undefined || time.revision <= revision) break;
      first = time.at;
    }
    return first;
  }

  #add({type, resource, object}: ObjectChange): void {
    const objects = this.#versions.get(resource);
    if (objects === undefined) {
      return;
    }
    const times = this.#times.get(resource) ?? [];
    times.push({revision: Number(object.metadata.resourceVersion), at: this.#now()});
    this.#times.set(resource, times);
    const key = keyOf(object.metadata);
    const version = {
      revision: Number(object.metadata.resourceVersion),
      object: type === 'DELETED' ? undefined : object,
    };
    const versions = objects.get(key);
    if (versions === undefined) {
      objects.set(key, [version]);
    } else {
      versions.push(version);
    }
  }
}

function lastUpTo(versions: readonly Version[], revision: number): Version | undefined {
  for (let index = versions.length - 1; index >= 0; index--) {
    const version = versions[index];
    if (version !== undefined && version.revision <= revision) {
      return version;
    }
  }
  return undefined;
}

/** What one operator has been told, resource by resource. */
export class Knowledge {
  readonly #history: History;
  readonly #revisions = new Map<string, number>();

  constructor(history: History) {
    this.#history = history;
  }

  /** By plural, as the operator asks for it. */
  told(plural: string, revision: number): void {
    this.#revisions.set(plural, Math.max(revision, this.#revisions.get(plural) ?? 0));
  }

  get(resource: ResourceName, key: string): ApiObject | undefined {
    return this.#history.get(resource, key, this.#revisionOf(resource));
  }

  list(resource: ResourceName): ApiObject[] {
    return this.#history.list(resource, this.#revisionOf(resource));
  }

  /** The resource of which the oldest news has not arrived, and since when. */
  oldestUnknown(): {readonly resource: ResourceName; readonly since: number} | undefined {
    const unknown = KEPT.flatMap((resource) => {
      const since = this.#history.unknownSince(resource, this.#revisionOf(resource));
      return since === undefined ? [] : [{resource, since}];
    });
    return unknown.sort((a, b) => a.since - b.since)[0];
  }

  #revisionOf(resource: ResourceName): number {
    return this.#revisions.get(resource.split('.')[0] ?? '') ?? -1;
  }
}
