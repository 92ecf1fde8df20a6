/** RBAC: may this user do that? Source: kubernetes/plugin/pkg/auth/authorizer/rbac/rbac.go. */
import {matchesSelector} from '../../cluster/label-selector.ts';
import type {ApiObject} from '../cluster-api.ts';
import {asList, asObject, isObject, type JsonObject, textOf, valueAt} from './json.ts';
import type {ObjectStore} from './store.ts';

export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

export interface Attributes {
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** For what is no resource. */
  readonly path?: string;
}

export interface PolicyRule {
  readonly verbs?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

const CLUSTER_ROLES = 'clusterroles.rbac.authorization.k8s.io';

export function authorize(store: ObjectStore, user: UserInfo, attributes: Attributes): Decision {
  // The server's own administrators are above RBAC.
  if (user.groups.includes('system:masters')) return {allowed: true, reason: ''};
  for (const {rule, reason} of rulesFor(store, user, attributes.namespace)) {
    if (allows(rule, attributes)) return {allowed: true, reason};
  }
  return {allowed: false, reason: ''};
}

/** Every rule that a user has, cluster-wide and in a namespace, with the sentence that says why. */
export function* rulesFor(
  store: ObjectStore,
  user: UserInfo,
  namespace: string | undefined,
): Generator<{rule: PolicyRule; reason: string}> {
  for (const binding of store.list('clusterrolebindings.rbac.authorization.k8s.io')) {
    yield* rulesOfBinding(store, user, binding, undefined);
  }
  if (namespace === undefined || namespace === '') return;
  for (const binding of store.list('rolebindings.rbac.authorization.k8s.io', namespace)) {
    yield* rulesOfBinding(store, user, binding, namespace);
  }
}

function* rulesOfBinding(
  store: ObjectStore,
  user: UserInfo,
  binding: ApiObject,
  namespace: string | undefined,
): Generator<{rule: PolicyRule; reason: string}> {
  const subject = asList(binding['subjects'])
    .map(asObject)
    .find((each) => isSubject(each, user, namespace));
  if (subject === undefined) return;
  const role = asObject(binding['roleRef']);
  const name = String(role['name']);
  const rules =
    role['kind'] === 'ClusterRole'
      ? clusterRoleRules(store, name)
      : rulesOf(store.get('roles.rbac.authorization.k8s.io', namespace, name));
  const where =
    namespace === undefined
      ? `ClusterRoleBinding ${JSON.stringify(binding.metadata.name)}`
      : `RoleBinding ${JSON.stringify(`${binding.metadata.name}/${namespace}`)}`;
  const reason = `RBAC: allowed by ${where} of ${String(role['kind'])} ${JSON.stringify(name)} to ${String(subject['kind'])} ${JSON.stringify(subjectName(subject, namespace))}`;
  for (const rule of rules) yield {rule, reason};
}

function subjectName(subject: JsonObject, namespace: string | undefined): string {
  return subject['kind'] === 'ServiceAccount'
    ? `${textOf(subject['name'])}/${textOf(subject['namespace'] ?? namespace)}`
    : String(subject['name']);
}

function isSubject(subject: JsonObject, user: UserInfo, namespace: string | undefined): boolean {
  const name = String(subject['name']);
  switch (subject['kind']) {
    case 'User':
      return user.username === name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return user.username === `system:serviceaccount:${textOf(subject['namespace'] ?? namespace)}:${name}`;
    default:
      return false;
  }
}

/** With the rules that an aggregated role collects; in a real cluster a controller writes them into it. */
function clusterRoleRules(
  store: ObjectStore,
  name: string,
  seen: ReadonlySet<string> = new Set(),
): PolicyRule[] {
  const role = store.get(CLUSTER_ROLES, undefined, name);
  if (role === undefined || seen.has(name)) return [];
  const selectors = asList(valueAt(role, 'aggregationRule', 'clusterRoleSelectors')).filter(isObject);
  if (selectors.length === 0) return rulesOf(role);
  return store
    .list(CLUSTER_ROLES)
    .filter(({metadata}) => selectors.some((selector) => matchesSelector(selector, metadata.labels ?? {})))
    .flatMap((each) => clusterRoleRules(store, each.metadata.name, new Set([...seen, name])));
}

function rulesOf(role: ApiObject | undefined): PolicyRule[] {
  return asList(role?.['rules']).filter(isObject);
}

export function allows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!includes(rule.verbs, attributes.verb)) return false;
  if (attributes.path !== undefined) {
    const {path} = attributes;
    return (rule.nonResourceURLs ?? []).some(
      (url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
    );
  }
  const {resource = '', subresource, group = '', name = ''} = attributes;
  const wanted = subresource === undefined ? resource : `${resource}/${subresource}`;
  const matchesResource = (rule.resources ?? []).some(
    (each) => each === '*' || each === wanted || (subresource !== undefined && each === `*/${subresource}`),
  );
  const names = rule.resourceNames ?? [];
  return includes(rule.apiGroups, group) && matchesResource && (names.length === 0 || names.includes(name));
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return list?.includes('*') === true || list?.includes(value) === true;
}
