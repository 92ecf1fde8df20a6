/**
 * The shell of @dot-i/k8s-operator: its life cycle (`start` → `init`, `stop`), its events and its decision what to do
 * about a finalizer. Everything that speaks to the API server is overridden, because its own watch ends the process
 * when it is interrupted and its own patch overwrites finalizers of others; see
 * docs/decisions/0003-dot-i-as-a-thin-shell.md.
 */
import dotI, {type ResourceEvent, ResourceEventType, type ResourceMeta} from '@dot-i/k8s-operator';
import {API_VERSION, FINALIZER, GROUP, KIND, PLURAL, VERSION} from '../api/names.ts';
import type {Log} from '../log.ts';
import type {KubeActions} from './kube-actions.ts';
import type {StoredPolicy} from './policy-index.ts';

export interface PolicyOperatorOptions {
  readonly actions: KubeActions;
  readonly log: Log;
  /** Starts what feeds `onEvent`; called once by `start`. */
  readonly watch: () => Promise<void>;
  readonly stopWatching: () => void;
}

/** Thrown by a delete action that is not done yet: the finalizer stays. */
export class StillInjected extends Error {}

export class PolicyOperator extends dotI.default {
  readonly #options: PolicyOperatorOptions;

  constructor(options: PolicyOperatorOptions) {
    super({
      debug: (message) => options.log.debug(message),
      info: (message) => options.log.info(message),
      warn: (message) => options.log.warn(message),
      error: (message) => options.log.error(message),
    });
    this.#options = options;
  }

  /**
   * Adds the finalizer to a new policy; on a deleted one runs the action, and removes the finalizer when it succeeds.
   * `done` when nothing further is to be done about the policy.
   */
  async finalize(
    policy: StoredPolicy,
    deleteAction: () => Promise<void>,
  ): Promise<'done' | 'go-on' | 'waiting'> {
    const event: ResourceEvent = {
      type: ResourceEventType.Modified,
      meta: metaOf(policy),
      object: {
        apiVersion: API_VERSION,
        kind: KIND,
        // A copy: the library changes the list in place.
        metadata: {
          name: policy.name,
          namespace: policy.namespace,
          finalizers: [...policy.finalizers],
          ...deletionOf(policy),
        },
      },
    };
    try {
      return (await this.handleResourceFinalizer(event, FINALIZER, deleteAction)) ? 'done' : 'go-on';
    } catch (error) {
      if (error instanceof StillInjected) {
        return 'waiting';
      }
      throw error;
    }
  }

  protected override async init(): Promise<void> {
    await this.watchResource(GROUP, VERSION, PLURAL);
  }

  protected override async watchResource(_group: string, _version: string, _plural: string): Promise<void> {
    await this.#options.watch();
  }

  override stop(): void {
    this.#options.stopWatching();
  }

  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const {name, namespace = '', resourceVersion} = meta;
    await this.#options.actions.writeFinalizers({namespace, name, uid: ''}, finalizers, resourceVersion);
  }
}

function metaOf({name, namespace, resourceVersion}: StoredPolicy): ResourceMeta {
  return {
    id: `${PLURAL}.${API_VERSION}`,
    apiVersion: API_VERSION,
    kind: KIND,
    name,
    namespace,
    resourceVersion,
  };
}

// client-node's types say Date where the JSON has a string; the library only asks whether it is there.
function deletionOf({deleting}: StoredPolicy): {deletionTimestamp?: Date} {
  return deleting ? {deletionTimestamp: new Date(0)} : {};
}
