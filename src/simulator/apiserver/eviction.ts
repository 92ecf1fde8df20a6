/**
 * The eviction subresource: kubernetes/pkg/registry/core/pod/storage/eviction.go. Its retries on conflicts have no
 * counterpart, because nothing happens between its steps here.
 */
import {matchesSelector} from '../../cluster/label-selector.ts';
import type {ApiObject, DeleteOptions} from '../cluster-api.ts';
import {timestamp} from '../timestamp.ts';
import type {ServerContext} from './context.ts';
import {checkPreconditions} from './deletion.ts';
import {asList, asObject, isObject, type JsonObject, valueAt} from './json.ts';
import {badRequest, conflict, forbidden, notFound, type Status, StatusError} from './status-error.ts';
import {updateDecoded, withRevision} from './writer.ts';

const PODS = {group: '', plural: 'pods'};
const PRECONDITION_POD = {group: '', plural: 'Pod'};
const BUDGETS = {group: 'policy', plural: 'poddisruptionbudget'};
const MANAGER = 'kube-apiserver';
const MAX_DISRUPTED_PODS = 2000;

interface BudgetStatus {
  readonly observedGeneration?: number;
  readonly disruptionsAllowed?: number;
  readonly currentHealthy?: number;
  readonly desiredHealthy?: number;
  readonly disruptedPods?: Readonly<Record<string, string>>;
  readonly conditions?: readonly {type: string; status: string; reason?: string; message?: string}[];
}

export interface EvictionDeps {
  readonly context: ServerContext;
  deletePod(
    namespace: string,
    name: string,
    options: DeleteOptions & {resourceVersion?: string; dryRun?: boolean},
  ): void;
}

/** Throws what refuses the eviction. */
export function evict(
  deps: EvictionDeps,
  namespace: string,
  name: string,
  eviction: JsonObject,
  dryRunQuery: boolean,
): Status {
  const {store} = deps.context;
  const bodyName = valueAt(eviction, 'metadata', 'name');
  if (bodyName !== undefined && bodyName !== name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  const options = asObject(eviction['deleteOptions']);
  const dryRun = dryRunQuery || asList(options['dryRun']).includes('All');
  const preconditions = asObject(options['preconditions']);
  const asked: Asked = {
    ...(typeof preconditions['uid'] === 'string' ? {uid: preconditions['uid']} : {}),
    ...(typeof preconditions['resourceVersion'] === 'string'
      ? {resourceVersion: preconditions['resourceVersion']}
      : {}),
    ...(typeof options['gracePeriodSeconds'] === 'number'
      ? {gracePeriodSeconds: options['gracePeriodSeconds']}
      : {}),
    dryRun,
  };
  const pod = store.get('pods', namespace, name);
  if (pod === undefined) throw notFound(PODS, name);
  if (!ignoresBudgets(pod)) {
    const several = consultBudgets(deps.context, pod, dryRun);
    if (several !== undefined) return several;
  }
  condemn(deps, pod, asked);
  return {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201};
}

interface Asked {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly dryRun: boolean;
}

/** canIgnorePDB: what is pending, finished or terminating disrupts nobody. */
function ignoresBudgets(pod: ApiObject): boolean {
  const phase = valueAt(pod, 'status', 'phase');
  return (
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    phase === 'Pending' ||
    pod.metadata.deletionTimestamp !== undefined
  );
}

function consultBudgets(context: ServerContext, pod: ApiObject, dryRun: boolean): Status | undefined {
  const budgets = context.store
    .list('poddisruptionbudgets.policy', pod.metadata.namespace)
    .filter((budget) => {
      const selector = valueAt(budget, 'spec', 'selector');
      return isObject(selector) && matchesSelector(selector, pod.metadata.labels ?? {});
    });
  if (budgets.length > 1) {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      code: 500,
    };
  }
  const [budget] = budgets;
  if (budget === undefined) return undefined;
  const status = asObject(budget['status']) as BudgetStatus;
  if (!isReady(pod)) {
    if (valueAt(budget, 'spec', 'unhealthyPodEvictionPolicy') === 'AlwaysAllow') return undefined;
    const {currentHealthy = 0, desiredHealthy = 0} = status;
    if (currentHealthy >= desiredHealthy && desiredHealthy > 0) return undefined;
  }
  checkAndDecrement(context, budget, status, pod.metadata.name, dryRun);
  return undefined;
}

function checkAndDecrement(
  context: ServerContext,
  budget: ApiObject,
  status: BudgetStatus,
  podName: string,
  dryRun: boolean,
): void {
  const {name} = budget.metadata;
  const allowed = status.disruptionsAllowed ?? 0;
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    throw tooManyRequests(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  if (allowed < 0) throw forbidden(BUDGETS, name, 'pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > MAX_DISRUPTED_PODS) {
    throw forbidden(
      BUDGETS,
      name,
      'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
    );
  }
  if (allowed === 0) throw tooManyRequests(exhausted(name, status), 0);
  if (dryRun) return;
  const remaining = allowed - 1;
  const next = {
    ...status,
    disruptionsAllowed: remaining,
    disruptedPods: {...status.disruptedPods, [podName]: timestamp(context.now())},
    ...(remaining === 0 ? {conditions: insufficientPods(context, budget, status)} : {}),
  };
  const resource = context.registry.byName('poddisruptionbudgets.policy');
  updateDecoded(context, resource, {
    old: budget,
    decoded: {...budget, status: next},
    options: {manager: MANAGER, subresource: 'status'},
  });
}

function exhausted(name: string, status: BudgetStatus): string {
  const {currentHealthy = 0, desiredHealthy = 0} = status;
  const condition = status.conditions?.find(({type}) => type === 'DisruptionAllowed');
  const says = condition?.status === 'False' && (condition.message ?? '') !== '' ? condition : undefined;
  if (says?.reason === 'SyncFailed') {
    return `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${says.message}`;
  }
  if (currentHealthy <= desiredHealthy) {
    return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  const reason = says === undefined ? '' : ` (${says.reason}): ${says.message}`;
  return `The disruption budget ${name} does not allow evicting pods currently${reason}`;
}

function tooManyRequests(cause: string, retryAfterSeconds: number): StatusError {
  return new StatusError(
    429,
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      causes: [{reason: 'DisruptionBudget', message: cause}],
      ...(retryAfterSeconds === 0 ? {} : {retryAfterSeconds}),
    },
  );
}

/** UpdateDisruptionAllowedCondition of component-helpers/apps/poddisruptionbudget. */
function insufficientPods(context: ServerContext, budget: ApiObject, status: BudgetStatus): unknown[] {
  const before = status.conditions?.find(({type}) => type === 'DisruptionAllowed') as
    | {status: string; lastTransitionTime?: string}
    | undefined;
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'InsufficientPods',
    message: '',
    observedGeneration: status.observedGeneration ?? budget.metadata.generation,
    lastTransitionTime:
      before?.status === 'False' && before.lastTransitionTime !== undefined
        ? before.lastTransitionTime
        : timestamp(context.now()),
  };
  return [...(status.conditions ?? []).filter(({type}) => type !== 'DisruptionAllowed'), condition];
}

/** addConditionAndDeletePod. */
function condemn(deps: EvictionDeps, pod: ApiObject, asked: Asked): void {
  const {context} = deps;
  const {name, namespace = ''} = pod.metadata;
  const {resourceVersion, ...rest} = asked;
  if (!asked.dryRun) {
    if (asked.uid !== undefined && asked.uid !== '' && asked.uid !== pod.metadata.uid) {
      throw conflict(
        PRECONDITION_POD,
        name,
        `the UID in the precondition (${asked.uid}) does not match the UID in record (${pod.metadata.uid}). The object might have been deleted and then recreated`,
      );
    }
    if (
      resourceVersion !== undefined &&
      resourceVersion !== '' &&
      resourceVersion !== pod.metadata.resourceVersion
    ) {
      throw conflict(
        PRECONDITION_POD,
        name,
        `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${pod.metadata.resourceVersion}). The object might have been modified`,
      );
    }
    const marked = withDisruptionTarget(context, pod);
    if (marked !== pod) context.store.put('pods', withRevision(context, marked));
    deps.deletePod(namespace, name, rest);
    return;
  }
  checkPreconditions(context.registry.byName('pods'), pod, {uid: asked.uid, resourceVersion});
  deps.deletePod(namespace, name, {...rest, ...(resourceVersion === undefined ? {} : {resourceVersion})});
}

function withDisruptionTarget(context: ServerContext, pod: ApiObject): ApiObject {
  const status = asObject(pod['status']);
  const conditions = asList(status['conditions']).map(asObject);
  const known = conditions.find(({type}) => type === 'DisruptionTarget');
  if (known?.['status'] === 'True' && known['reason'] === 'EvictionByEvictionAPI') return pod;
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: timestamp(context.now()),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  };
  const others = conditions.filter(({type}) => type !== 'DisruptionTarget');
  return {...pod, status: {...status, conditions: [...others, condition]}};
}

function isReady(pod: ApiObject): boolean {
  return asList(valueAt(pod, 'status', 'conditions')).some((condition) => {
    const {type, status} = asObject(condition);
    return type === 'Ready' && status === 'True';
  });
}
