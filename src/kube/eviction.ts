/**
 * The eviction subresource. What each answer means was read from the server's code:
 * kubernetes/pkg/registry/core/pod/storage/eviction.go (1.36).
 */
import {ApiError, type Status} from './api-error.ts';
import type {Requests} from './client.ts';
import {resourcePath} from './paths.ts';

export interface EvictionRequest {
  readonly namespace: string;
  readonly name: string;
  /** The precondition that this very pod is meant, and not one that has its name by now. */
  readonly uid: string;
  /** Omit it for the pod's own. */
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export type EvictionResult =
  /** Accepted: the pod is terminating now, or gone. */
  | {readonly kind: 'evicted'}
  /** There was no such pod any more. */
  | {readonly kind: 'gone'}
  /** Another pod has the name, or the pod changed while the server looked: look again. */
  | {readonly kind: 'changed'; readonly message: string}
  /** A disruption budget says no. `budgets` are the names that the server mentions. */
  | {
      readonly kind: 'refused';
      readonly message: string;
      readonly budgets: readonly string[];
      readonly retryAfterSeconds?: number;
    }
  /** Not looked at: API priority and fairness, or a rate limit on the way. */
  | {readonly kind: 'throttled'; readonly message: string; readonly retryAfterSeconds: number}
  /** Several disruption budgets select the pod; until someone changes that, no eviction can succeed. */
  | {readonly kind: 'misconfigured'; readonly message: string}
  /** Certainly not evicted, for another reason: RBAC, an admission webhook, an invalid request. */
  | {readonly kind: 'failed'; readonly error: ApiError}
  /** No (reliable) answer: it may have happened or not. */
  | {readonly kind: 'unknown'; readonly error: unknown};

// The server repeats its own conflicts for up to 10 s, so the usual 15 s would be near; giving up early leaves us
// not knowing.
const TIMEOUT_MILLISECONDS = 30_000;
const THROTTLED_SECONDS = 1;

/** Asks once, never again by itself: when to try again is the mover's to decide. Never throws. */
export async function evictPod(client: Requests, request: EvictionRequest): Promise<EvictionResult> {
  const {namespace, name, uid, gracePeriodSeconds, dryRun, signal} = request;
  try {
    const {body} = await client.request<Status & {status?: string}>({
      method: 'POST',
      path: resourcePath('v1', 'pods', {namespace, name, subresource: 'eviction'}),
      query: {dryRun: dryRun === true ? 'All' : undefined},
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: {namespace, name},
        deleteOptions: {
          preconditions: {uid},
          ...(gracePeriodSeconds === undefined ? {} : {gracePeriodSeconds}),
        },
      },
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
      retry: 'never',
      signal,
    });
    // The storage returns "several budgets" as a result rather than as an error; do not depend on the HTTP code alone.
    return body?.status === 'Failure' ? interpret(failureOf(body, namespace, name)) : {kind: 'evicted'};
  } catch (error) {
    return error instanceof ApiError ? interpret(error) : {kind: 'unknown', error};
  }
}

function interpret(error: ApiError): EvictionResult {
  const {code, message, retryAfterSeconds} = error;
  switch (code) {
    case 404:
      // Also "namespaces not found"; the pod is as gone.
      return {kind: 'gone'};
    case 409:
      return {kind: 'changed', message};
    case 429:
      return error.hasCause('DisruptionBudget')
        ? refusal(error)
        : {kind: 'throttled', message, retryAfterSeconds: retryAfterSeconds || THROTTLED_SECONDS};
    default:
  }
  if (/more than one PodDisruptionBudget/.test(message)) return {kind: 'misconfigured', message};
  return code >= 500 ? {kind: 'unknown', error} : {kind: 'failed', error};
}

function refusal(error: ApiError): EvictionResult {
  const causes = (error.details.causes ?? []).filter((cause) => cause.reason === 'DisruptionBudget');
  const messages = causes.map((cause) => cause.message ?? '').filter((message) => message !== '');
  const budgets = messages.flatMap((message) => /^The disruption budget (\S+) /.exec(message)?.[1] ?? []);
  return {
    kind: 'refused',
    message: messages.join('; ') || error.message,
    budgets,
    // Zero says "no idea": then the caller's own back-off decides.
    ...(error.retryAfterSeconds ? {retryAfterSeconds: error.retryAfterSeconds} : {}),
  };
}

function failureOf(status: Status, namespace: string, name: string): ApiError {
  const path = resourcePath('v1', 'pods', {namespace, name, subresource: 'eviction'});
  return new ApiError({code: status.code ?? 500, status, method: 'POST', path});
}
