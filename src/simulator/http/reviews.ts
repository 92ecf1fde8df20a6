/** Questions in the form of objects that are never stored: access reviews, token requests and reviews. */
import type {ApiServer} from '../apiserver/api-server.ts';
import {asList, asObject, type JsonObject, textOf} from '../apiserver/json.ts';
import {trackUpdate} from '../apiserver/managed-fields.ts';
import {type Attributes, authorize, type PolicyRule, rulesFor, type UserInfo} from '../apiserver/rbac.ts';
import type {Resource} from '../apiserver/resources.ts';
import {StatusError} from '../apiserver/status-error.ts';
import {builtInStructure} from '../apiserver/structure.ts';
import type {ApiObject} from '../cluster-api.ts';
import {timestamp} from '../timestamp.ts';
import type {Authentication} from './authentication.ts';
import {type ApiRequest, type ApiResponse, fieldManager, readBody} from './exchange.ts';

/** Group, plural and kind of what `handleReview` answers, for discovery. */
export const reviewResources = [
  {
    group: 'authorization.k8s.io',
    plural: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    isNamespaced: false,
  },
  {
    group: 'authorization.k8s.io',
    plural: 'selfsubjectrulesreviews',
    kind: 'SelfSubjectRulesReview',
    isNamespaced: false,
  },
  {
    group: 'authorization.k8s.io',
    plural: 'subjectaccessreviews',
    kind: 'SubjectAccessReview',
    isNamespaced: false,
  },
  {
    group: 'authorization.k8s.io',
    plural: 'localsubjectaccessreviews',
    kind: 'LocalSubjectAccessReview',
    isNamespaced: true,
  },
  {
    group: 'authentication.k8s.io',
    plural: 'selfsubjectreviews',
    kind: 'SelfSubjectReview',
    isNamespaced: false,
  },
  {group: 'authentication.k8s.io', plural: 'tokenreviews', kind: 'TokenReview', isNamespaced: false},
] as const;

/** Undefined when the request is about something else. */
export function handleReview(
  api: ApiServer,
  authentication: Authentication,
  request: ApiRequest,
): ApiResponse | undefined {
  const {info, user} = request;
  if (info.verb !== 'create') return undefined;
  if (info.group === '' && info.resource === 'serviceaccounts' && info.subresource === 'token') {
    return requestToken(api, authentication, request);
  }
  const review = reviewResources.find(({group, plural}) => group === info.group && plural === info.resource);
  if (review === undefined) return undefined;
  const body = asObject(readBody(request));
  const spec = asObject(body['spec']);
  const answer = (status: JsonObject): ApiResponse => ({
    code: 201,
    body: {...answered(api, request, review, body), status},
  });
  switch (review.kind) {
    case 'SelfSubjectAccessReview':
      return answer(accessStatus(api, user, spec));
    case 'SubjectAccessReview':
    case 'LocalSubjectAccessReview':
      return answer(
        accessStatus(
          api,
          {username: textOf(spec['user'] ?? ''), groups: asList(spec['groups']).map(String)},
          spec,
        ),
      );
    case 'SelfSubjectRulesReview':
      return answer(rulesStatus(api, user, textOf(spec['namespace'] ?? '')));
    case 'SelfSubjectReview':
      return answer({userInfo: userInfo(user)});
    case 'TokenReview':
      return answer(tokenStatus(authentication, textOf(spec['token'] ?? '')));
  }
}

/** The question itself, as if it had been stored. */
function answered(
  api: ApiServer,
  request: ApiRequest,
  {group, plural, kind}: (typeof reviewResources)[number],
  body: JsonObject,
): JsonObject {
  const schemaName = `io.k8s.api.${group.split('.')[0]}.v1.${kind === 'LocalSubjectAccessReview' ? 'SubjectAccessReview' : kind}`;
  const resource: Resource = {
    storage: `${plural}.${group}`,
    group,
    version: 'v1',
    plural,
    singular: kind.toLowerCase(),
    kind,
    shortNames: [],
    categories: [],
    isNamespaced: false,
    subresources: ['status'],
    hasGeneration: false,
    structure: builtInStructure(schemaName),
    schemaName,
    selectableFields: [],
  };
  const metadata = {
    ...asObject(body['metadata']),
    ...(kind === 'SelfSubjectReview' ? {creationTimestamp: timestamp(api.context.now())} : {}),
  };
  const object = {...body, kind, apiVersion: `${group}/v1`, metadata} as unknown as ApiObject;
  return trackUpdate(api.context, resource, undefined, object, {manager: fieldManager(request)});
}

function accessStatus(api: ApiServer, user: UserInfo, spec: JsonObject): JsonObject {
  const {allowed, reason} = authorize(api.context.store, user, attributesOf(spec));
  return {allowed, ...(reason === '' ? {} : {reason})};
}

function attributesOf(spec: JsonObject): Attributes {
  const other = asObject(spec['nonResourceAttributes']);
  if (spec['nonResourceAttributes'] !== undefined) {
    return {verb: textOf(other['verb'] ?? ''), path: textOf(other['path'] ?? '')};
  }
  const {verb, group, resource, subresource, namespace, name} = asObject(spec['resourceAttributes']);
  const optional = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  return {
    verb: textOf(verb ?? ''),
    group: textOf(group ?? ''),
    resource: textOf(resource ?? ''),
    subresource: optional(subresource),
    namespace: optional(namespace),
    name: optional(name),
  };
}

function rulesStatus(api: ApiServer, user: UserInfo, namespace: string): JsonObject {
  const rules: PolicyRule[] = [...rulesFor(api.context.store, user, namespace)].map(({rule}) => rule);
  return {
    resourceRules: rules.filter(({resources}) => resources !== undefined),
    nonResourceRules: rules.filter(({nonResourceURLs}) => nonResourceURLs !== undefined),
    incomplete: false,
  };
}

function tokenStatus(authentication: Authentication, token: string): JsonObject {
  try {
    return {authenticated: true, user: userInfo(authentication.authenticate(`Bearer ${token}`))};
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return {user: {}, error: 'invalid bearer token'};
  }
}

function userInfo({username, uid, groups}: UserInfo): JsonObject {
  return {username, ...(uid === undefined ? {} : {uid}), groups};
}

function requestToken(api: ApiServer, authentication: Authentication, request: ApiRequest): ApiResponse {
  const {namespace = '', name = ''} = request.info;
  api.existing(api.context.registry.byName('serviceaccounts'), namespace, name);
  const body = asObject(readBody(request));
  const spec = asObject(body['spec']);
  const seconds = Number(spec['expirationSeconds'] ?? 3600);
  const {token, expires} = authentication.issue(namespace, name, seconds);
  return {
    code: 201,
    body: {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {name, namespace, creationTimestamp: timestamp(api.context.now())},
      spec: {audiences: ['https://kubernetes.default.svc'], ...spec, expirationSeconds: seconds},
      status: {token, expirationTimestamp: timestamp(expires)},
    },
  };
}
