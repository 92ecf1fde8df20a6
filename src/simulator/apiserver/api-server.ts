/**
 * The API server of the simulated cluster, without its HTTP face: synchronous, deterministic, no I/O. Time and chance
 * come from outside. It may import src/cluster and src/api; the HTTP face (../http) and the cluster's own parts use it.
 */
import type {ApiObject, ClusterApi, DeleteOptions, ObjectChange, ResourceName} from '../cluster-api.ts';
import {timestamp} from '../timestamp.ts';
import {installBootstrapPolicy} from './bootstrap-policy.ts';
import type {OwnershipTracking, ServerContext, WriteOptions} from './context.ts';
import {serveDefinitions} from './custom/definitions.ts';
import {checkPreconditions, deletionOf} from './deletion.ts';
import {fromStored, toStored} from './event-versions.ts';
import {asObject, equals, textOf} from './json.ts';
import {type Resource, ResourceRegistry} from './resources.ts';
import {conflict, notFound} from './status-error.ts';
import {ObjectStore, type StoreOptions} from './store.ts';
import {assertResourceVersion, createObject, readObject, updateDecoded, withRevision} from './writer.ts';

export interface ApiServerOptions extends StoreOptions {
  readonly now: () => number;
  readonly random: () => number;
  /** Tracking takes a fifth of the time of a simulation; nobody may read managedFields that are not tracked. */
  readonly isOwnershipTracked?: OwnershipTracking | undefined;
}

export interface DeleteRequest extends DeleteOptions {
  readonly resourceVersion?: string;
  readonly dryRun?: boolean;
}

export interface DeleteResult {
  readonly object: ApiObject;
  readonly isGone: boolean;
}

export class ApiServer implements ClusterApi {
  readonly context: ServerContext;

  constructor({now, random, isOwnershipTracked, ...store}: ApiServerOptions) {
    this.context = {
      store: new ObjectStore(store),
      registry: new ResourceRegistry(),
      now,
      random,
      isOwnershipTracked,
    };
    serveDefinitions(this.context);
    for (const namespace of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      this.create('namespaces', {metadata: {name: namespace}}, 'kube-apiserver');
    }
    installBootstrapPolicy(this);
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): ApiObject | undefined {
    const definition = this.context.registry.byName(resource);
    const object = this.context.store.get(definition.storage, namespace, name);
    return object === undefined ? undefined : fromStored(definition, object);
  }

  list(resource: ResourceName, namespace?: string): readonly ApiObject[] {
    const definition = this.context.registry.byName(resource);
    const objects = this.context.store.list(definition.storage, namespace);
    return definition.group === 'events.k8s.io'
      ? objects.map((object) => fromStored(definition, object))
      : objects;
  }

  create(resource: ResourceName, object: object, actor: string): ApiObject {
    const definition = this.context.registry.byName(resource);
    const metadata = asObject(asObject(object)['metadata']);
    const namespace = definition.isNamespaced ? textOf(metadata['namespace'] ?? '') : undefined;
    return createObject(this.context, definition, namespace, object, {
      manager: actor,
      fieldValidation: 'Strict',
    });
  }

  update(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    change: (object: ApiObject) => ApiObject,
    options: {readonly actor: string; readonly subresource?: 'status' | 'finalize'},
  ): ApiObject {
    const definition = this.context.registry.byName(resource);
    const old = this.existing(definition, namespace, name);
    const changed = {...old, ...change(old)};
    if (equals(changed, old)) return old;
    const {actor, ...rest} = options;
    const write: WriteOptions = {manager: actor, fieldValidation: 'Strict', ...rest};
    assertResourceVersion(definition, changed, old);
    return updateDecoded(this.context, definition, {
      old,
      decoded: readObject(definition, changed, write, old),
      options: write,
    });
  }

  delete(
    resource: ResourceName,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions & {readonly actor: string},
  ): void {
    this.deleteObject(this.context.registry.byName(resource), namespace, name, options);
  }

  bind(namespace: string, pod: string, node: string): void {
    const pods = this.context.registry.byName('pods');
    const old = this.existing(pods, namespace, pod);
    const current = asObject(old['spec'])['nodeName'];
    if (old.metadata.deletionTimestamp !== undefined) {
      throw conflict(
        {group: '', plural: 'pods/binding'},
        pod,
        `pod ${pod} is being deleted, cannot be assigned to a host`,
      );
    }
    if (current !== undefined && current !== '') {
      throw conflict(
        {group: '', plural: 'pods/binding'},
        pod,
        `pod ${pod} is already assigned to node ${JSON.stringify(current)}`,
      );
    }
    const conditions = (asObject(old['status'])['conditions'] ?? []) as readonly {type: string}[];
    const scheduled = {
      type: 'PodScheduled',
      status: 'True',
      lastProbeTime: null,
      lastTransitionTime: timestamp(this.context.now()),
    };
    const bound = {
      ...old,
      spec: {...asObject(old['spec']), nodeName: node},
      status: {
        ...asObject(old['status']),
        conditions: [...conditions.filter(({type}) => type !== 'PodScheduled'), scheduled],
      },
    };
    this.context.store.put('pods', withRevision(this.context, bound));
  }

  onChange(listener: (change: ObjectChange) => void): () => void {
    return this.context.store.onChange(listener);
  }

  /** Throws 404. */
  existing(resource: Resource, namespace: string | undefined, name: string): ApiObject {
    const object = this.context.store.get(resource.storage, namespace, name);
    if (object === undefined) throw notFound(resource, name);
    return fromStored(resource, object);
  }

  deleteObject(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    request: DeleteRequest,
  ): DeleteResult {
    const object = this.existing(resource, namespace, name);
    checkPreconditions(resource, object, request);
    const deletion = deletionOf(resource, object, request, this.context.now());
    if (deletion.kind === 'pending') return {object, isGone: false};
    if (request.dryRun === true) return {object: deletion.object, isGone: deletion.kind === 'remove'};
    const changed = toStored(resource, withRevision(this.context, deletion.object));
    if (deletion.kind === 'remove') this.context.store.remove(resource.storage, changed);
    else this.context.store.put(resource.storage, changed);
    return {object: changed, isGone: deletion.kind === 'remove'};
  }
}
