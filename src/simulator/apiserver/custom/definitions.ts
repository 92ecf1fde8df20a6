/**
 * Serves what CustomResourceDefinitions define: their resources, their status, and the end of their objects.
 * Source: apiextensions-apiserver/pkg/{apiserver,controller}.
 */
import type {ApiObject} from '../../cluster-api.ts';
import {timestamp} from '../../timestamp.ts';
import type {ServerContext} from '../context.ts';
import {DEFINITIONS, CLEANUP_FINALIZER as FINALIZER} from '../deletion.ts';
import {asList, asObject, equals, isObject, textOf, valueAt} from '../json.ts';
import type {PrinterColumn, Resource} from '../resources.ts';
import type {FieldError} from '../status-error.ts';
import {customStructure, type OpenApiSchema} from '../structure.ts';
import {updateDecoded, withRevision} from '../writer.ts';
import {validateRules} from './cel-rules.ts';
import {readCustom} from './structural.ts';
import {validateListTypes, validateSchema} from './validate.ts';

/** To be called once; from then on definitions are served as soon as they are stored. */
export function serveDefinitions(context: ServerContext): void {
  const {store, registry} = context;
  store.onChange(({resource, object, type}) => {
    if (resource === DEFINITIONS) {
      registry.setCustom(store.list(DEFINITIONS).flatMap(resourcesOf));
      if (type !== 'DELETED') settle(context, object);
      return;
    }
    if (type !== 'DELETED' || !resource.includes('.')) return;
    const definition = store.get(DEFINITIONS, undefined, resource);
    if (definition?.metadata.deletionTimestamp !== undefined) settle(context, definition);
  });
}

function settle(context: ServerContext, stale: ApiObject): void {
  const {store} = context;
  const definition = store.get(DEFINITIONS, undefined, stale.metadata.name);
  if (definition === undefined) return;
  if (definition.metadata.deletionTimestamp !== undefined) {
    cleanUp(context, definition);
    return;
  }
  const status = establishedStatus(context, definition);
  if (equals(status, definition['status'])) return;
  updateDecoded(context, context.registry.byName(DEFINITIONS), {
    old: definition,
    decoded: {...definition, status},
    options: {manager: 'kube-apiserver', subresource: 'status'},
  });
}

function establishedStatus(context: ServerContext, definition: ApiObject): object {
  const names = valueAt(definition, 'spec', 'names');
  const before = asObject(definition['status']);
  const conditions = asList(before['conditions']);
  const now = timestamp(context.now());
  const condition = (type: string, reason: string, message: string) =>
    conditions.find((each) => isObject(each) && each['type'] === type) ?? {
      type,
      status: 'True',
      lastTransitionTime: now,
      reason,
      message,
    };
  const stored = versionsOf(definition).find((version) => version['storage'] === true)?.['name'];
  return {
    acceptedNames: names,
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    storedVersions: [...new Set([...asList(before['storedVersions']), stored])],
  };
}

/** Its objects go first, at the pace of their finalizers. */
function cleanUp(context: ServerContext, definition: ApiObject): void {
  const {store} = context;
  const {name, finalizers = []} = definition.metadata;
  for (const object of store.list(name)) {
    if (object.metadata.deletionTimestamp !== undefined) continue;
    if ((object.metadata.finalizers ?? []).length === 0) {
      store.remove(name, withRevision(context, object));
      continue;
    }
    const metadata = {
      ...object.metadata,
      deletionTimestamp: timestamp(context.now()),
      deletionGracePeriodSeconds: 0,
    };
    store.put(name, withRevision(context, {...object, metadata}));
  }
  if (store.list(name).length > 0 || !finalizers.includes(FINALIZER)) return;
  updateDecoded(context, context.registry.byName(DEFINITIONS), {
    old: definition,
    decoded: {
      ...definition,
      metadata: {...definition.metadata, finalizers: finalizers.filter((each) => each !== FINALIZER)},
    },
    options: {manager: 'kube-apiserver'},
  });
}

function versionsOf(definition: ApiObject): ReturnType<typeof asObject>[] {
  return asList(valueAt(definition, 'spec', 'versions')).map(asObject);
}

function resourcesOf(definition: ApiObject): Resource[] {
  const spec = asObject(definition['spec']);
  const names = asObject(spec['names']);
  const group = String(spec['group']);
  const kind = String(names['kind']);
  const plural = String(names['plural']);
  return versionsOf(definition)
    .filter(({served}) => served === true)
    .map((version): Resource => {
      const schema = asObject(asObject(version['schema'])['openAPIV3Schema']) as OpenApiSchema;
      const hasStatus = asObject(version['subresources'])['status'] !== undefined;
      return {
        storage: `${plural}.${group}`,
        group,
        version: String(version['name']),
        plural,
        singular: textOf(names['singular'] ?? kind.toLowerCase()),
        kind,
        shortNames: asList(names['shortNames']).map(String),
        categories: asList(names['categories']).map(String),
        isNamespaced: spec['scope'] === 'Namespaced',
        subresources: hasStatus ? ['status'] : [],
        hasGeneration: true,
        structure: customStructure(schema, kind),
        schemaName: `${group.split('.').toReversed().join('.')}.${String(version['name'])}.${kind}`,
        selectableFields: asList(version['selectableFields']).map((each) =>
          String(asObject(each)['jsonPath']).slice(1),
        ),
        custom: {
          definitionName: definition.metadata.name,
          printerColumns: asList(version['additionalPrinterColumns']) as readonly PrinterColumn[],
          listKind: textOf(names['listKind'] ?? `${kind}List`),
          schema,
          decode: (body) => readCustom(schema, body),
          validate: (object, old) => validateCustom(schema, object, old),
        },
      };
    });
}

const BLOCKING = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

function validateCustom(schema: OpenApiSchema, object: ApiObject, old: ApiObject | undefined): FieldError[] {
  const value = contentOf(object);
  const before = old === undefined ? undefined : contentOf(old);
  const errors = [
    ...validateSchema(schema, value, before, ''),
    ...validateListTypes(schema, value, before, ''),
  ];
  const rules = hasRules(schema);
  if (errors.some(({reason}) => BLOCKING.has(reason))) {
    if (!rules) return errors;
    const message =
      'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
    return [...errors, {reason: 'FieldValueInvalid', field: '<nil>', message}];
  }
  return rules ? [...errors, ...validateRules(schema, value, before, '')] : errors;
}

/** Metadata has rules of its own. */
function contentOf(object: ApiObject): object {
  const {apiVersion: _, kind: __, metadata: ___, ...content} = object;
  return content;
}

const withRules = new WeakMap<OpenApiSchema, boolean>();

function hasRules(schema: OpenApiSchema): boolean {
  let known = withRules.get(schema);
  if (known === undefined) {
    known = JSON.stringify(schema).includes('"x-kubernetes-validations"');
    withRules.set(schema, known);
  }
  return known;
}
