/** The scale subresource as autoscaling/v1 Scale: kubernetes/pkg/registry/apps/deployment/storage/storage.go. */
import type {ApiObject} from '../cluster-api.ts';
import type {ServerContext, WriteOptions} from './context.ts';
import {asList, asObject, type JsonObject, valueAt} from './json.ts';
import type {Resource} from './resources.ts';
import {badRequest, invalid, invalidObject, modified} from './status-error.ts';
import {updateDecoded} from './writer.ts';

export function scaleOf(object: ApiObject): JsonObject {
  const {name, namespace, uid, resourceVersion, creationTimestamp} = object.metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {name, namespace, uid, resourceVersion, creationTimestamp},
    spec: {replicas: valueAt(object, 'spec', 'replicas') ?? 0},
    status: {
      replicas: valueAt(object, 'status', 'replicas') ?? 0,
      selector: selectorText(asObject(valueAt(object, 'spec', 'selector'))),
    },
  };
}

export function updateScale(
  context: ServerContext,
  resource: Resource,
  old: ApiObject,
  scale: unknown,
  options: WriteOptions,
): JsonObject {
  const replicas = valueAt(scale, 'spec', 'replicas') ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw badRequest('Scale in version "v1" cannot be handled as a Scale: spec.replicas must be an integer');
  }
  if (replicas < 0) {
    throw invalidObject('autoscaling', 'Scale', old.metadata.name, [
      invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  }
  const given = valueAt(scale, 'metadata', 'resourceVersion');
  if (given !== undefined && given !== '' && given !== old.metadata.resourceVersion) {
    throw modified(resource, old.metadata.name);
  }
  const decoded = {...old, spec: {...asObject(old['spec']), replicas}};
  return scaleOf(
    updateDecoded(context, resource, {old, decoded, options: {...options, subresource: 'scale'}}),
  );
}

function selectorText(selector: JsonObject): string {
  const equalities = Object.entries(asObject(selector['matchLabels'])).map(
    ([key, value]) => `${key}=${String(value)}`,
  );
  const requirements = asList(selector['matchExpressions']).map((each) => {
    const {key, operator, values} = asObject(each);
    const list = `(${asList(values).join(',')})`;
    switch (operator) {
      case 'In':
        return `${String(key)} in ${list}`;
      case 'NotIn':
        return `${String(key)} notin ${list}`;
      case 'Exists':
        return String(key);
      default:
        return `!${String(key)}`;
    }
  });
  return [...equalities, ...requirements].sort().join(',');
}
