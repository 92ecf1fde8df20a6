/** What a request is about, read from its path and method: apiserver/pkg/endpoints/request/requestinfo.go. */

export interface RequestInfo {
  readonly isResource: boolean;
  /** As in RBAC: get, list, watch, create, update, patch, delete, deletecollection; else the method in lower case. */
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly resource: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const other: RequestInfo = {
    isResource: false,
    verb: method.toLowerCase(),
    path,
    group: '',
    version: '',
    namespace: undefined,
    resource: '',
    name: undefined,
    subresource: undefined,
  };
  const [root] = parts;
  if (root !== 'api' && root !== 'apis') return other;
  const group = root === 'api' ? '' : (parts[1] ?? '');
  const [version = '', ...rest] = parts.slice(root === 'api' ? 1 : 2);
  if (rest.length === 0) return {...other, group, version};

  let namespace: string | undefined;
  let location = rest;
  // `namespaces/x` is the namespace itself, and so are its own subresources.
  if (rest[0] === 'namespaces' && rest.length > 1) {
    namespace = rest[1];
    if (rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize') location = rest.slice(2);
  }
  const [resource = '', name, subresource] = location;
  let verb = VERBS[method] ?? '';
  if (name === undefined) {
    if (verb === 'get') verb = isTrue(query.get('watch')) ? 'watch' : 'list';
    if (verb === 'delete') verb = 'deletecollection';
  }
  return {isResource: true, verb, path, group, version, namespace, resource, name, subresource};
}

export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}
