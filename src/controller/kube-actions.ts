import {API_VERSION, FIELD_MANAGER, KIND, PLURAL} from '../api/names.ts';
import type {SpreadPolicyStatus} from '../api/types.ts';
import type {Pod} from '../cluster/pod.ts';
import type {Workload} from '../cluster/workload.ts';
import {applyBody, type PlacementRule} from '../injection/rule.ts';
import {isConflict, isNotFound} from '../kube/api-error.ts';
import {applyConflicts, applyObject} from '../kube/apply.ts';
import {MERGE_PATCH_CONTENT_TYPE, type Requests} from '../kube/client.ts';
import type {EventRecorder} from '../kube/event-recorder.ts';
import {type EvictionResult, evictPod} from '../kube/eviction.ts';
import {resourcePath} from '../kube/paths.ts';
import type {
  ApplyRuleResult,
  ClusterActions,
  PodReference,
  PolicyEvent,
  PolicyReference,
  StoredStatus,
} from './actions.ts';

/** The actions on a real API server. */
export class KubeActions implements ClusterActions {
  readonly #client: Requests;
  readonly #events: EventRecorder;

  constructor({client, events}: {readonly client: Requests; readonly events: EventRecorder}) {
    this.#client = client;
    this.#events = events;
  }

  async applyRule(workload: Workload, rule: PlacementRule, signal: AbortSignal): Promise<ApplyRuleResult> {
    const {namespace, name} = workload;
    try {
      const applied = await applyObject<{metadata: {generation: number}}>(this.#client, {
        path: resourcePath('apps/v1', 'deployments', {namespace, name}),
        body: applyBody(workload, rule),
        fieldManager: FIELD_MANAGER,
        signal,
      });
      return {kind: 'applied', generation: applied.metadata.generation};
    } catch (error) {
      const conflicts = applyConflicts(error);
      if (conflicts.length > 0) {
        return {kind: 'conflict', conflicts};
      }
      // A 409 without conflicting fields is the UID: the Deployment was deleted and created again.
      if (isConflict(error) || isNotFound(error)) {
        return {kind: 'gone'};
      }
      throw error;
    }
  }

  // Without the signal of the shutdown: a request that is under way is waited for, so that its outcome is known.
  async evict({namespace, name, uid}: Pod): Promise<EvictionResult> {
    return await evictPod(this.#client, {namespace, name, uid});
  }

  // Without a resourceVersion, so that what is read is not older than the question.
  async isAlive({namespace, name, uid}: PodReference, signal: AbortSignal): Promise<boolean> {
    try {
      const {body} = await this.#client.request<{metadata: {uid: string; deletionTimestamp?: string}}>({
        method: 'GET',
        path: resourcePath('v1', 'pods', {namespace, name}),
        signal,
      });
      return body.metadata.uid === uid && body.metadata.deletionTimestamp === undefined;
    } catch (error) {
      if (isNotFound(error)) {
        return false;
      }
      throw error;
    }
  }

  async writeStatus(
    {namespace, name}: PolicyReference,
    status: SpreadPolicyStatus,
    signal: AbortSignal,
  ): Promise<StoredStatus | undefined> {
    try {
      const written = await applyObject<{
        metadata: {resourceVersion: string};
        status?: SpreadPolicyStatus;
      }>(this.#client, {
        path: resourcePath(API_VERSION, PLURAL, {namespace, name, subresource: 'status'}),
        body: {apiVersion: API_VERSION, kind: KIND, metadata: {namespace, name}, status},
        fieldManager: FIELD_MANAGER,
        // The status has one author, and an older version of it may have written under another name.
        force: true,
        signal,
      });
      return {resourceVersion: written.metadata.resourceVersion, status: written.status ?? {}};
    } catch (error) {
      // The policy is gone, and with it the need for a status.
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }

  /** @param resourceVersion so that a list that somebody else has changed meanwhile is not overwritten */
  async writeFinalizers(
    {namespace, name}: PolicyReference,
    finalizers: readonly string[],
    resourceVersion: string,
  ): Promise<'written' | 'changed'> {
    try {
      await this.#client.request({
        method: 'PATCH',
        path: resourcePath(API_VERSION, PLURAL, {namespace, name}),
        contentType: MERGE_PATCH_CONTENT_TYPE,
        body: {metadata: {finalizers, resourceVersion}},
        retry: 'never',
      });
      return 'written';
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) {
        return 'changed';
      }
      throw error;
    }
  }

  event({policy, related, type, reason, action, note}: PolicyEvent): void {
    const {namespace, name, uid} = policy;
    this.#events.record({
      regarding: {apiVersion: API_VERSION, kind: KIND, namespace, name, uid},
      ...(related === undefined ? {} : {related}),
      type,
      reason,
      action,
      note,
    });
  }
}
