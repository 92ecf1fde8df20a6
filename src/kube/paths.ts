/** Where objects live on an API server. The one place that knows `/api/v1` from `/apis/<group>/<version>`. */

export interface ResourceLocation {
  readonly namespace?: string | undefined;
  readonly name?: string;
  readonly subresource?: string;
}

/** `resourcePath('apps/v1', 'deployments', {namespace: 'shop', name: 'web'})`; without a namespace: all of them. */
export function resourcePath(apiVersion: string, resource: string, at: ResourceLocation = {}): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const parts = [root];
  if (at.namespace !== undefined && at.namespace !== '') {
    parts.push('namespaces', encodeURIComponent(at.namespace));
  }
  parts.push(resource);
  if (at.name !== undefined) {
    parts.push(encodeURIComponent(at.name));
    if (at.subresource !== undefined) parts.push(at.subresource);
  }
  return parts.join('/');
}

export interface PathInformation {
  /** The plural, with its subresource: `pods`, `pods/eviction`; the path itself for `/version` and the like. */
  readonly resource: string;
  readonly group: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** The reverse of {@link resourcePath}, for metrics and messages. */
export function parsePath(path: string): PathInformation {
  const [root, ...segments] = path.split('/').slice(1);
  let group = '';
  let parts: string[];
  if (root === 'apis' && segments.length > 2) {
    group = segments[0] ?? '';
    parts = segments.slice(2);
  } else if (root === 'api' && segments.length > 1) {
    parts = segments.slice(1);
  } else {
    return {resource: path, group};
  }
  const result: {resource: string; group: string; namespace?: string; name?: string} = {resource: '', group};
  // `/api/v1/namespaces/x` is the namespace object itself; with more after it, a namespaced resource.
  if (parts[0] === 'namespaces' && parts.length > 2) {
    if (parts[1] !== undefined) result.namespace = decodeURIComponent(parts[1]);
    parts.splice(0, 2);
  }
  const [resource = '', name, subresource] = parts;
  result.resource = subresource === undefined ? resource : `${resource}/${subresource}`;
  if (name !== undefined) result.name = decodeURIComponent(name);
  return result;
}
