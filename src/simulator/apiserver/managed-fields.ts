/**
 * Who owns which field: metadata.managedFields after a create or an update, and the rules of server-side apply.
 * Sources: apimachinery/pkg/util/managedfields and structured-merge-diff/v6/merge/update.go.
 */
import type {ApiObject} from '../cluster-api.ts';
import {timestamp} from '../timestamp.ts';
import {type ServerContext, type WriteOptions} from './context.ts';
import {isEmbeddedStruct} from './decode.ts';
import {
  difference,
  type FieldSet,
  fieldsOf,
  intersection,
  memberPaths,
  recursiveDifference,
  union,
  withNamedFields,
} from './field-set.ts';
import {asList, asObject, equals, isObject, type JsonObject} from './json.ts';
import {apiVersionOf, type Resource} from './resources.ts';
import {numberOf, sharedFieldSet} from './shared-field-sets.ts';
import {SharedValues} from './shared-values.ts';
import {type StatusCause, StatusError} from './status-error.ts';
import type {Structure} from './structure.ts';
import {type Comparison, compare, merge, removeFields} from './typed.ts';

export interface ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time?: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: FieldSet;
  readonly subresource?: string;
}

/** Never owned: stripMeta. */
const UNOWNED: FieldSet = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:clusterName': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
  },
};

/** What an endpoint does not write, so that writing to it gives no ownership: GetResetFields. */
function resetFields(resource: Resource, subresource: string | undefined): FieldSet | undefined {
  if (subresource === 'status') {
    return resource.custom === undefined
      ? {'f:spec': {}}
      : {
          'f:spec': {},
          'f:metadata': {'f:labels': {}, 'f:annotations': {}, 'f:finalizers': {}, 'f:ownerReferences': {}},
        };
  }
  return resource.subresources.includes('status') ? {'f:status': {}} : undefined;
}

function ownable(
  resource: Resource,
  subresource: string | undefined,
  set: FieldSet | undefined,
): FieldSet | undefined {
  return difference(recursiveDifference(set, resetFields(resource, subresource)), UNOWNED);
}

/** The object with the ownership that a create (without `old`) or an update by `options.manager` leads to. */
export function trackUpdate(
  context: ServerContext,
  resource: Resource,
  old: ApiObject | undefined,
  object: ApiObject,
  options: WriteOptions,
): ApiObject {
  if (context.isOwnershipTracked?.(resource.storage, options.subresource) === false) return object;
  const before = old === undefined ? [] : managersOf(old);
  const given = asObject(object.metadata)['managedFields'];
  // Ownership may be edited, as kubectl does to take over from client-side apply; [{}] forgets it.
  const isReset = Array.isArray(given) && given.length === 1 && equals(given[0], {});
  const edited = isReset ? [] : managersOf(object);
  // Nobody has been tracked so far, so nobody is from now on: only an apply begins it.
  if (old !== undefined && before.length === 0 && edited.length === 0) return withManagers(object, []);
  const managers = edited.length > 0 || isReset ? edited : before;
  // A custom object is a plain map; only Go structs have fields from the start.
  const live = old ?? (resource.custom === undefined ? emptyValue(resource.structure) : {});
  const comparison = compareOwnable(resource, options.subresource, live, object);
  const changed = union(comparison.added, comparison.modified);
  const isOwn = (entry: ManagedFieldsEntry): boolean =>
    entry.operation === 'Update' &&
    entry.manager === options.manager &&
    entry.apiVersion === apiVersionOf(resource) &&
    entry.subresource === options.subresource;

  const entries: ManagedFieldsEntry[] = [];
  for (const entry of managers) {
    if (isOwn(entry)) continue;
    const rest = difference(difference(entry.fieldsV1, changed), comparison.removed);
    if (rest !== undefined) entries.push(withFields(entry, rest));
  }
  const own = managers.find(isOwn);
  const owned = ownable(
    resource,
    options.subresource,
    difference(union(own?.fieldsV1, changed), comparison.removed),
  );
  if (owned !== undefined) entries.push(entryOf(context, resource, options, 'Update', owned, own));
  return withManagers(object, entries);
}

function compareOwnable(
  resource: Resource,
  subresource: string | undefined,
  left: JsonObject,
  right: JsonObject,
): Comparison {
  const {added, modified, removed} = compare(
    resource.structure,
    withoutManagers(left),
    withoutManagers(right),
  );
  const filter = (set: FieldSet | undefined) => ownable(resource, subresource, set);
  return {added: filter(added), modified: filter(modified), removed: filter(removed)};
}

// Comparing the sets themselves would be costly, and they are never owned.
function withoutManagers(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  if (!isObject(metadata) || metadata['managedFields'] === undefined) return object;
  const {managedFields: _, ...rest} = metadata;
  return {...object, metadata: rest};
}

export interface ApplyOptions extends WriteOptions {
  readonly force: boolean;
}

/**
 * What a server-side apply makes of the live object: merged, without what the manager applied before and nobody else
 * owns. Throws 409 when others own what it changes.
 */
export function applyTo(
  context: ServerContext,
  resource: Resource,
  live: ApiObject | undefined,
  config: JsonObject,
  options: ApplyOptions,
): {readonly object: JsonObject; readonly own: (object: ApiObject) => ApiObject} {
  const {structure} = resource;
  const liveValue = live === undefined ? {} : withoutManagers(live);
  const managers = live === undefined ? [] : managersBeforeApply(context, resource, live);
  const isOwn = (entry: ManagedFieldsEntry): boolean =>
    entry.operation === 'Apply' &&
    entry.manager === options.manager &&
    entry.subresource === options.subresource;
  const own = managers.find(isOwn);
  const others = managers.filter((entry) => !isOwn(entry));

  const said = fieldsOf(structure, config);
  const applied = ownable(resource, options.subresource, said);
  const merged = merge(structure, liveValue, config);
  const kept = withNamedFields(
    others.reduce((set, {fieldsV1}) => union(set, fieldsV1), said),
    structure,
  );
  const givenUp = difference(withNamedFields(own?.fieldsV1, structure), kept);
  const object = asObject(removeFields(structure, merged, givenUp));

  const comparison = compareOwnable(resource, options.subresource, liveValue, object);
  const changed = union(comparison.added, comparison.modified);
  const conflicts = others.flatMap((entry) => {
    const set = intersection(entry.fieldsV1, changed);
    return set === undefined ? [] : [{entry, set}];
  });
  if (conflicts.length > 0 && !options.force) throw applyConflict(conflicts);

  const entries: ManagedFieldsEntry[] = [];
  for (const entry of others) {
    const rest = difference(difference(entry.fieldsV1, changed), comparison.removed);
    if (rest !== undefined) entries.push(withFields(entry, rest));
  }
  if (applied !== undefined) {
    const entry = entryOf(context, resource, options, 'Apply', applied, own);
    // An apply that changes nothing but ownership leaves no time.
    const {time: _, ...timeless} = entry;
    const isSame = changed === undefined && comparison.removed === undefined;
    entries.push(
      isSame && own?.time === undefined ? timeless : isSame ? {...timeless, time: own?.time ?? ''} : entry,
    );
  }
  return {object, own: (final) => withManagers(final, entries)};
}

/** An object that nobody tracked yet belongs to "before-first-apply". */
function managersBeforeApply(
  context: ServerContext,
  resource: Resource,
  live: ApiObject,
): readonly ManagedFieldsEntry[] {
  const managers = managersOf(live);
  if (managers.length > 0) return managers;
  const set = ownable(resource, undefined, fieldsOf(resource.structure, withoutManagers(live)));
  if (set === undefined) return [];
  return [entryOf(context, resource, {manager: 'before-first-apply'}, 'Update', set, undefined)];
}

function applyConflict(
  conflicts: readonly {readonly entry: ManagedFieldsEntry; readonly set: FieldSet}[],
): StatusError {
  const causes: StatusCause[] = [];
  const texts: string[] = [];
  const sorted = conflicts
    .map(({entry, set}) => ({manager: managerText(entry), paths: memberPaths(set)}))
    .sort((left, right) => (left.manager < right.manager ? -1 : 1));
  for (const {manager, paths} of sorted) {
    for (const field of paths) {
      causes.push({reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field});
    }
    texts.push(
      causes.length === 1 && sorted.length === 1
        ? `conflict with ${manager}: ${paths[0]}`
        : `conflicts with ${manager}:\n${paths.map((path) => `- ${path}`).join('\n')}`,
    );
  }
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`;
  return new StatusError(409, 'Conflict', `Apply failed with ${count}: ${texts.join('\n')}`, {causes});
}

function managerText({manager, operation, apiVersion, subresource}: ManagedFieldsEntry): string {
  const name =
    subresource === undefined
      ? JSON.stringify(manager)
      : `${JSON.stringify(manager)} with subresource ${JSON.stringify(subresource)}`;
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

function entryOf(
  context: ServerContext,
  resource: Resource,
  {manager, subresource}: WriteOptions,
  operation: 'Apply' | 'Update',
  fieldsV1: FieldSet,
  before: ManagedFieldsEntry | undefined,
): ManagedFieldsEntry {
  if (before !== undefined && equals(before.fieldsV1, fieldsV1)) return before;
  return shared({
    manager,
    operation,
    apiVersion: apiVersionOf(resource),
    // The scale endpoint leaves the time out.
    ...(subresource === 'scale' ? {} : {time: timestamp(context.now())}),
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(subresource === undefined ? {} : {subresource}),
  });
}

function withFields(entry: ManagedFieldsEntry, fieldsV1: FieldSet): ManagedFieldsEntry {
  return entry.fieldsV1 === fieldsV1 ? entry : shared({...entry, fieldsV1});
}

const entries = new SharedValues<ManagedFieldsEntry>();

function shared(entry: ManagedFieldsEntry): ManagedFieldsEntry {
  const fieldsV1 = sharedFieldSet(entry.fieldsV1);
  const key = JSON.stringify({...entry, fieldsV1: numberOf(fieldsV1)});
  return entries.get(key, () => ({...entry, fieldsV1}));
}

export function managersOf(object: ApiObject): readonly ManagedFieldsEntry[] {
  return asList(asObject(object.metadata)['managedFields']).filter(
    (entry): entry is ManagedFieldsEntry => isObject(entry) && isObject(entry['fieldsV1']),
  );
}

export function withManagers(object: ApiObject, entries: readonly ManagedFieldsEntry[]): ApiObject {
  if (entries.length === 0 && asObject(object.metadata)['managedFields'] === undefined) return object;
  const {managedFields: _, ...metadata} = object.metadata as typeof object.metadata & {
    managedFields?: unknown;
  };
  if (entries.length === 0) return {...object, metadata};
  const sorted = [...entries].sort(
    (left, right) =>
      order(left.operation, right.operation) ||
      order(left.time ?? '', right.time ?? '') ||
      order(left.manager, right.manager) ||
      order(left.subresource ?? '', right.subresource ?? ''),
  );
  return {...object, metadata: {...metadata, managedFields: sorted} as ApiObject['metadata']};
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

const emptyValues = new WeakMap<Structure, JsonObject>();

/** A new Go object of the kind: what is there before anybody sets anything. */
function emptyValue(structure: Structure): JsonObject {
  const known = emptyValues.get(structure);
  if (known !== undefined) return known;
  const value: Record<string, unknown> = {};
  if (structure.kind === 'object') {
    for (const [name, field] of structure.fields) {
      if (isEmbeddedStruct(field)) value[name] = emptyValue(field);
      else if (structure.schema.required?.includes(name) === true) value[name] = zeroOf(field);
    }
  }
  emptyValues.set(structure, value);
  return value;
}

function zeroOf(field: Structure): unknown {
  if (field.kind !== 'scalar') return null;
  if (field.type === 'boolean') return false;
  return field.type === 'integer' || field.type === 'number' ? 0 : '';
}
