/**
 * The service account that every namespace has, and the end of a namespace: everything in it goes first.
 * Sources: pkg/controller/serviceaccount/serviceaccounts_controller.go, pkg/controller/namespace/deletion/
 * namespaced_resources_deleter.go of Kubernetes 1.36.
 */
import type {ApiObject, ObjectChange, ResourceName} from '../cluster-api.ts';
import type {SimulationContext} from '../context.ts';
import {hasStatusCode, NAMESPACES, SERVICE_ACCOUNTS, unlessGone} from '../objects.ts';
import {WorkQueue} from './work-queue.ts';

const NAMESPACE_CONTROLLER = 'namespace-controller';

export class NamespaceController {
  readonly #context: SimulationContext;
  readonly #queue: WorkQueue;
  /** What is in each namespace: resource names, with the names of the objects. */
  readonly #contents = new Map<string, Map<ResourceName, Set<string>>>();

  constructor(context: SimulationContext) {
    this.#context = context;
    const {controllerMilliseconds} = context.parameters;
    this.#queue = new WorkQueue(context.clock, controllerMilliseconds, (name) => this.#sync(name));
  }

  observe({type, resource, object}: ObjectChange): void {
    const {namespace, name} = object.metadata;
    if (resource === NAMESPACES) {
      this.#queue.add(name);
    }
    if (namespace === undefined) {
      return;
    }
    const names = this.#namesOf(namespace, resource);
    if (type !== 'DELETED') {
      names.add(name);
      return;
    }
    names.delete(name);
    if (resource === SERVICE_ACCOUNTS || this.#isTerminating(namespace)) {
      this.#queue.add(namespace);
    }
  }

  #namesOf(namespace: string, resource: ResourceName): Set<string> {
    const contents = this.#contents.get(namespace) ?? new Map<ResourceName, Set<string>>();
    this.#contents.set(namespace, contents);
    const names = contents.get(resource) ?? new Set<string>();
    contents.set(resource, names);
    return names;
  }

  #isTerminating(name: string): boolean {
    return this.#context.api.get(NAMESPACES, undefined, name)?.metadata.deletionTimestamp !== undefined;
  }

  #sync(name: string): void {
    const namespace = this.#context.api.get(NAMESPACES, undefined, name);
    if (namespace === undefined) {
      this.#contents.delete(name);
    } else if (namespace.metadata.deletionTimestamp === undefined) {
      this.#ensureServiceAccount(name);
    } else {
      this.#empty(namespace);
    }
  }

  #ensureServiceAccount(namespace: string): void {
    const {api} = this.#context;
    if (api.get(SERVICE_ACCOUNTS, namespace, 'default') !== undefined) {
      return;
    }
    try {
      api.create(
        SERVICE_ACCOUNTS,
        {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name: 'default', namespace}},
        'service-account-controller',
      );
    } catch (error) {
      if (!hasStatusCode(error, 409) && !hasStatusCode(error, 404)) {
        throw error;
      }
    }
  }

  #empty(namespace: ApiObject): void {
    const {api} = this.#context;
    const {name} = namespace.metadata;
    let left = 0;
    for (const [resource, names] of this.#contents.get(name) ?? []) {
      for (const each of names) {
        const object = api.get(resource, name, each);
        if (object !== undefined && object.metadata.deletionTimestamp === undefined) {
          unlessGone(() =>
            api.delete(resource, name, each, {
              propagationPolicy: 'Background',
              actor: NAMESPACE_CONTROLLER,
            }),
          );
        }
      }
      left += names.size;
    }
    if (left === 0) {
      unlessGone(() =>
        api.update(
          NAMESPACES,
          undefined,
          name,
          (current) => ({...current, spec: {...(current['spec'] as object | undefined), finalizers: []}}),
          {actor: NAMESPACE_CONTROLLER, subresource: 'finalize'},
        ),
      );
    }
  }
}
