/** Whether the user may: RBAC on each request, impersonation, and the refusal in the server's words. */
import type {IncomingHttpHeaders} from 'node:http';
import {type Attributes, authorize, type UserInfo} from '../apiserver/rbac.ts';
import {StatusError} from '../apiserver/status-error.ts';
import type {ObjectStore} from '../apiserver/store.ts';
import type {RequestInfo} from './request-info.ts';

export function attributesOf(info: RequestInfo): Attributes {
  if (!info.isResource) return {verb: info.verb, path: info.path};
  const {verb, group, resource, subresource, namespace, name} = info;
  return {verb, group, resource, subresource, namespace, name};
}

/** Throws 403. */
export function assertAllowed(store: ObjectStore, user: UserInfo, info: RequestInfo): void {
  const attributes = attributesOf(info);
  if (authorize(store, user, attributes).allowed) return;
  throw refusal(user, attributes);
}

function refusal(
  user: UserInfo,
  {verb, group = '', resource = '', subresource, namespace, name, path}: Attributes,
): StatusError {
  const who = `User ${JSON.stringify(user.username)} cannot ${verb}`;
  if (path !== undefined) {
    return new StatusError(403, 'Forbidden', `forbidden: ${who} path ${JSON.stringify(path)}`, {});
  }
  const qualified = group === '' ? resource : `${resource}.${group}`;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where =
    namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const title = name === undefined ? qualified : `${qualified} ${JSON.stringify(name)}`;
  const message = `${title} is forbidden: ${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
  return new StatusError(403, 'Forbidden', message, {
    ...(name === undefined ? {} : {name}),
    ...(group === '' ? {} : {group}),
    kind: resource,
  });
}

/** `kubectl --as`: the user that the request wants to be. Throws 403. */
export function impersonated(store: ObjectStore, user: UserInfo, headers: IncomingHttpHeaders): UserInfo {
  const wanted = headers['impersonate-user'];
  if (typeof wanted !== 'string' || wanted === '') return user;
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(wanted) ?? [];
  const attributes: Attributes =
    name === undefined
      ? {verb: 'impersonate', resource: 'users', name: wanted}
      : {verb: 'impersonate', resource: 'serviceaccounts', namespace, name};
  if (!authorize(store, user, attributes).allowed) throw refusal(user, attributes);
  const given = headers['impersonate-group'];
  const groups = given === undefined ? [] : [given].flat().flatMap((each) => each.split(/,\s*/));
  for (const group of groups) {
    const needed: Attributes = {verb: 'impersonate', resource: 'groups', name: group};
    if (!authorize(store, user, needed).allowed) throw refusal(user, needed);
  }
  const own =
    namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return {username: wanted, groups: [...groups, ...own, 'system:authenticated']};
}
