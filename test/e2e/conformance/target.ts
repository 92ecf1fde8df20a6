// An API server as the comparison sees it: one request, one answer.
import {Agent, request} from 'undici';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** `viewer`, `nobody`; the administrator unless told otherwise. */
  readonly user?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class Target {
  readonly #server: string;
  readonly #agent: Agent;
  readonly #tokens: ReadonlyMap<string, string>;

  constructor(server: string, authority: string, tokens: ReadonlyMap<string, string>) {
    this.#server = server;
    this.#agent = new Agent({connect: {ca: authority}});
    this.#tokens = tokens;
  }

  async call({
    method,
    path,
    body,
    contentType = 'application/json',
    accept = 'application/json',
    user = 'admin',
  }: Call): Promise<Answer> {
    const response = await request(`${this.#server}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${this.#tokens.get(user) ?? 'unknown'}`,
        accept,
        'user-agent': 'conformance/1',
        ...(body === undefined ? {} : {'content-type': contentType}),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.body.text();
    if (path.includes('watch=true') && response.statusCode === 200) {
      const lines = text.split('\n').filter((line) => line !== '');
      return {status: response.statusCode, body: lines.map((line) => JSON.parse(line) as unknown)};
    }
    return {status: response.statusCode, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text};
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** Without what must differ between two servers: uids, times, versions, random names. */
export function normalized({status, body}: Answer): Answer {
  return {status, body: clean(body, '')};
}

function clean(value: unknown, field: string): unknown {
  if (Array.isArray(value)) {
    const items = value.map((each) => clean(each, field));
    if (field === 'causes')
      return items.sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
    // Their order depends on the second in which each was written.
    return field === 'managedFields'
      ? items.sort((left, right) => (managerKey(left) < managerKey(right) ? -1 : 1))
      : items;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name, each]) => each !== null && name !== 'storageVersionHash')
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([name, each]) => [name.replaceAll(UID, '<uid>'), clean(each, name)]),
    );
  }
  if (field === 'resourceVersion' || field === 'observedResourceVersion') return '<version>';
  if (field === 'continue') return '<token>';
  // Columns are compared, not the texts of their documentation.
  if (field === 'description') return '<description>';
  if (typeof value !== 'string') return value;
  return value
    .replaceAll(UID, '<uid>')
    .replaceAll(TIME, '<time>')
    .replaceAll(/kube-api-access-\w{5}/g, 'kube-api-access-<random>')
    .replaceAll(/generated-\w{5}/g, 'generated-<random>')
    .replaceAll(/(resource version: \d+, current: )\d+/g, '$1<version>')
    .replaceAll(/10\.96\.\d+\.\d+/g, '<address>')
    .replaceAll(/(ResourceVersion in \w+(?: meta)?:? \(?)\d+/g, '$1<version>')
    .replaceAll(field === 'cells' ? /^\d+[smh]\d*[sm]?$/g : /(?!)/g, '<age>');
}

function managerKey(entry: unknown): string {
  const {manager, operation, subresource = ''} = entry as Record<string, string>;
  return [manager, operation, subresource].join(' ');
}
