/**
 * Reads objects in Kubernetes' protobuf form, because kubectl writes some of its requests (evictions, access reviews,
 * `create`) in no other. Answers are always JSON, which the same clients accept.
 * Source: apimachinery/pkg/runtime/serializer/protobuf/protobuf.go and the generated.proto files.
 */

import {BinaryReader, WireType} from '@bufbuild/protobuf/wire';
import type {JsonObject} from '../apiserver/json.ts';
import {textOf} from '../apiserver/json.ts';
import {badRequest} from '../apiserver/status-error.ts';
import messages from './kubernetes-messages.json' with {type: 'json'};

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

type Field = readonly [name: string, type: string, shape?: string];

const known = messages as unknown as Readonly<Record<string, Readonly<Record<string, Field>>>>;
const META = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** Their fields belong to the message around them: embedded structs in Go. */
const INLINE = new Set([
  'volumeSource',
  'handler',
  'localObjectReference',
  'persistentVolumeSource',
  'ephemeralContainerCommon',
]);

/**
 * Go writes zero values of fields that are no pointers; only of pointers a zero says something. Of the numbers and
 * flags that programs send to this server, these are pointers.
 */
const POINTERS = new Set([
  'replicas',
  'minReplicas',
  'gracePeriodSeconds',
  'terminationGracePeriodSeconds',
  'tolerationSeconds',
  'revisionHistoryLimit',
  'progressDeadlineSeconds',
  'partition',
  'leaseTransitions',
  'automountServiceAccountToken',
  'enableServiceLinks',
  'controller',
  'blockOwnerDeletion',
  'orphanDependents',
  'optional',
  'defaultMode',
]);

export function readProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badRequest(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  }
  let raw: Uint8Array = new Uint8Array();
  let apiVersion = '';
  let kind = '';
  const reader = new BinaryReader(body.subarray(MAGIC.length));
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1) {
      const type = new BinaryReader(reader.bytes());
      while (type.pos < type.len) {
        const [field] = type.tag();
        if (field === 1) apiVersion = type.string();
        else kind = type.string();
      }
    } else if (number === 2) raw = reader.bytes();
    else reader.skip(wireType);
  }
  return {apiVersion, kind, ...readMessage(messageName(apiVersion, kind), raw)};
}

function messageName(apiVersion: string, kind: string): string {
  if (kind === 'DeleteOptions') return `${META}.DeleteOptions`;
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  const name = `k8s.io.api.${group?.split('.')[0]}.${version}.${kind}`;
  if (known[name] === undefined)
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`,
    );
  return name;
}

function readMessage(name: string, bytes: Uint8Array): Record<string, unknown> {
  const fields = known[name] ?? {};
  const result: Record<string, unknown> = {};
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = fields[number];
    if (field === undefined) {
      reader.skip(wireType);
      continue;
    }
    const [fieldName, type, shape] = field;
    if (shape === 'map') {
      const [key, value] = readEntry(type, reader.bytes());
      const map = (result[fieldName] ?? {}) as Record<string, unknown>;
      map[key] = value;
      result[fieldName] = map;
    } else {
      const value = readValue(type, reader, wireType);
      if (shape === 'list') ((result[fieldName] ??= []) as unknown[]).push(value);
      else if (INLINE.has(fieldName)) Object.assign(result, value);
      else if (!isUnset(fieldName, value)) result[fieldName] = value;
    }
  }
  return result;
}

function isUnset(name: string, value: unknown): boolean {
  if (value === '' || value === null) return true;
  return (value === 0 || value === false) && !POINTERS.has(name);
}

function readEntry(type: string, bytes: Uint8Array): [key: string, value: unknown] {
  const reader = new BinaryReader(bytes);
  let key = '';
  let value: unknown = type === 'string' ? '' : undefined;
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1) key = reader.string();
    else value = readValue(type, reader, wireType);
  }
  return [key, value];
}

function readValue(type: string, reader: BinaryReader, wireType: WireType): unknown {
  switch (type) {
    case 'string':
      return reader.string();
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64');
    case 'bool':
      return reader.bool();
    case 'int32':
      return reader.int32();
    case 'int64':
      return Number(reader.int64());
    case 'double':
      return reader.double();
    default:
  }
  if (wireType !== WireType.LengthDelimited) throw badRequest(`protobuf: a ${type} of wire type ${wireType}`);
  return readSpecial(type, reader.bytes());
}

/** Types that have a JSON form of their own. */
function readSpecial(type: string, bytes: Uint8Array): unknown {
  const short = type.slice(type.lastIndexOf('.') + 1);
  const fields = readMessage(type, bytes);
  switch (short) {
    case 'Quantity':
      return fields['string'] ?? '0';
    case 'IntOrString':
      return fields['type'] === 1 ? (fields['strVal'] ?? '') : (fields['intVal'] ?? 0);
    case 'Time':
    case 'MicroTime': {
      if (fields['seconds'] === undefined) return null;
      const milliseconds = Number(fields['seconds']) * 1000 + Number(fields['nanos'] ?? 0) / 1_000_000;
      const text = new Date(milliseconds).toISOString();
      return short === 'Time' ? `${text.slice(0, 19)}Z` : `${text.slice(0, -1)}000Z`;
    }
    case 'RawExtension':
      return fields['raw'] === undefined
        ? null
        : (JSON.parse(Buffer.from(textOf(fields['raw']), 'base64').toString('utf8')) as unknown);
    case 'ExtraValue':
    case 'Verbs':
      return fields['items'] ?? [];
    default:
      return fields;
  }
}
