/** One request and its answer, without sockets: what the handlers see. */

import type {OutgoingHttpHeaders} from 'node:http';
import {parse} from 'yaml';
import type {UserInfo} from '../apiserver/rbac.ts';
import {badRequest, StatusError} from '../apiserver/status-error.ts';
import {PROTOBUF, readProtobuf} from './protobuf.ts';
import type {RequestInfo} from './request-info.ts';

export interface ApiRequest {
  readonly method: string;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly contentType: string;
  readonly userAgent: string;
  readonly body: Buffer;
  readonly user: UserInfo;
}

export interface ApiResponse {
  readonly code: number;
  /** An object is sent as JSON, a string as text. */
  readonly body: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where an answer goes: the part of node:http's ServerResponse that is used. */
export interface HttpReply {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  writeHead(code: number, headers: OutgoingHttpHeaders): unknown;
  flushHeaders(): void;
  write(text: string): unknown;
  end(text?: string): unknown;
  /** Without an end: the connection is cut. */
  destroy(error?: Error): unknown;
  /** Ended, or cut from either side. */
  on(event: 'close', listener: () => void): unknown;
}

const JSON_TYPES = new Set(['', 'application/json']);

/** The body as a value. Throws 400 for what cannot be read and 415 for what is not spoken here. */
export function readBody({body, contentType}: ApiRequest): unknown {
  const type = mediaType(contentType);
  if (type === PROTOBUF) return body.length === 0 ? undefined : readProtobuf(body);
  const isYaml = type.endsWith('yaml');
  if (!JSON_TYPES.has(type) && !isYaml && !type.endsWith('+json')) {
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml`,
      {},
    );
  }
  const text = body.toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return isYaml ? readYaml(text) : (JSON.parse(text) as unknown);
  } catch (error) {
    throw badRequest(`error decoding ${isYaml ? 'YAML' : 'JSON'}: ${(error as Error).message}`);
  }
}

/** Most of what is sent as YAML is JSON, which takes a small part of the time to read. */
function readYaml(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return parse(text) as unknown;
  }
}

export function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}

/** The media types of an Accept header in their order, each with its parameters. */
export function accepted(accept: string): {type: string; parameters: Map<string, string>}[] {
  return accept
    .split(',')
    .map((each) => {
      const [type = '', ...rest] = each.split(';').map((part) => part.trim());
      const parameters = new Map(
        rest.map((part): [string, string] => {
          const [name = '', value = ''] = part.split('=');
          return [name, value];
        }),
      );
      return {type: type.toLowerCase(), parameters};
    })
    .filter(({type}) => type !== '');
}

/** Throws 406 when nothing that is accepted is JSON: protobuf and CBOR are not spoken here. */
export function assertAcceptsJson(accept: string): void {
  const types = accepted(accept);
  const isJson = types.some(({type}) =>
    ['application/json', '*/*', 'application/*', 'text/plain'].includes(type),
  );
  if (types.length === 0 || isJson) return;
  throw new StatusError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/json;stream=watch',
    {},
  );
}

/** Which form of the answer is wanted: as=Table, as=PartialObjectMetadata, …; the first that is understood. */
export function wantedForm(accept: string): string | undefined {
  for (const {type, parameters} of accepted(accept)) {
    if (!['application/json', '*/*', 'application/*'].includes(type)) continue;
    const form = parameters.get('as');
    if (form === undefined) return undefined;
    if (FORMS.has(form)) return form;
  }
  return undefined;
}

const FORMS = new Set([
  'Table',
  'PartialObjectMetadata',
  'PartialObjectMetadataList',
  'APIGroupDiscoveryList',
]);

/** The default field manager: the first word of the User-Agent, such as `kubectl` or `spread-operator`. */
export function fieldManager({query, userAgent}: ApiRequest): string {
  const given = query.get('fieldManager');
  if (given !== null && given !== '') return given;
  return (userAgent.split('/')[0] ?? '').slice(0, 128) || 'unknown';
}
