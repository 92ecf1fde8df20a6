/** What an apply of the operator may change of a Deployment, and what not. */
import {isDeepStrictEqual} from 'node:util';
import {FIELD_MANAGER} from '../../src/api/names.ts';
import type {ApiObject} from '../../src/simulator/cluster-api.ts';
import type {DeploymentObject} from '../../src/simulator/objects.ts';

interface ManagedFields {
  readonly manager?: string;
  readonly subresource?: string;
  readonly fieldsV1?: object;
}

/** What of others an apply has changed; undefined when nothing. */
export function templateChange(before: DeploymentObject, after: DeploymentObject): string | undefined {
  if (!isDeepStrictEqual(withoutRules(before), withoutRules(after))) {
    return 'more of its spec, labels or annotations has changed than the placement rules';
  }
  const managers = managersOf(before);
  const now = managersOf(after);
  const robbed = [...managers].find(([manager, fields]) => !isDeepStrictEqual(now.get(manager), fields));
  return robbed === undefined ? undefined : `${robbed[0]} no longer owns what it owned before`;
}

function withoutRules({metadata, spec}: DeploymentObject): object {
  const {labels, annotations} = metadata;
  const copy = structuredClone(spec) as unknown as {
    template: {
      spec: {affinity?: {podAntiAffinity?: object}; topologySpreadConstraints?: object};
    };
  };
  const template = copy.template.spec;
  delete template.affinity?.podAntiAffinity;
  if (template.affinity !== undefined && Object.keys(template.affinity).length === 0) {
    delete template.affinity;
  }
  delete template.topologySpreadConstraints;
  return {labels, annotations, spec: copy};
}

function managersOf(object: ApiObject): Map<string, object | undefined> {
  const entries = (object.metadata as {managedFields?: readonly ManagedFields[]}).managedFields ?? [];
  return new Map(
    entries
      .filter(({manager}) => manager !== FIELD_MANAGER)
      .map(({manager, subresource, fieldsV1}) => [`${manager}/${subresource ?? ''}`, fieldsV1]),
  );
}

/** Whether the operator still owns fields of it. */
export function isInjected(object: ApiObject): boolean {
  const entries = (object.metadata as {managedFields?: readonly ManagedFields[]}).managedFields ?? [];
  return entries.some(
    ({manager, fieldsV1}) =>
      manager === FIELD_MANAGER && JSON.stringify(fieldsV1 ?? {}).includes('f:template'),
  );
}
