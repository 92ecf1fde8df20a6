import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {Agent, type Dispatcher, request} from 'undici';
import type {ApiServer} from '../apiserver/api-server.ts';
import {pod, testServer} from '../apiserver/testing/server.ts';
import {ApiFace} from './api-face.ts';
import type {AuditedRequest, Interception} from './request-handler.ts';

let api: ApiServer;
let face: ApiFace;
let agent: Agent;
let interception: Interception;
let audited: AuditedRequest[];

beforeEach(async () => {
  ({api} = testServer());
  interception = {kind: 'pass'};
  audited = [];
  face = await ApiFace.start({
    api,
    users: [{user: 'viewer'}],
    intercept: () => interception,
    audit: (each) => audited.push(each),
  });
  agent = new Agent({connect: {ca: face.authority}});
});

afterEach(async () => {
  await agent.destroy();
  await face.stop();
});

async function call(
  path: string,
  headers: Record<string, string> = {},
  method: Dispatcher.HttpMethod = 'GET',
  body?: string,
) {
  const response = await request(`${face.url}${path}`, {
    method,
    dispatcher: agent,
    headers: {authorization: `Bearer ${face.token()}`, accept: 'application/json', ...headers},
    body: body ?? null,
  });
  const text = await response.body.text();
  return {
    status: response.statusCode,
    body: text.startsWith('{') ? (JSON.parse(text) as {message?: string; kind?: string}) : text,
  };
}

describe('the face', () => {
  it.each<{title: string; path: string; headers: Record<string, string>; status: number; message: RegExp}>([
    {
      title: 'a stranger',
      path: '/api/v1/pods',
      headers: {authorization: 'Bearer unknown'},
      status: 401,
      message: /^Unauthorized$/,
    },
    {
      title: 'a client that only reads protobuf',
      path: '/api/v1/pods',
      headers: {accept: 'application/vnd.kubernetes.protobuf'},
      status: 406,
      message: /^only the following media types are accepted: application\/json/,
    },
    {
      title: 'a resource that is not there',
      path: '/api/v1/gadgets',
      headers: {},
      status: 404,
      message: /^the server could not find the requested resource$/,
    },
  ])('refuses $title', async ({path, headers, status, message}) => {
    const answer = await call(path, headers);

    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({kind: 'Status', message: expect.stringMatching(message)});
  });

  it('lets users do what RBAC grants them, and no more', async () => {
    const headers = {authorization: `Bearer ${face.token('viewer')}`};
    const before = await call('/api/v1/namespaces/default/pods', headers);
    api.create(
      'rolebindings.rbac.authorization.k8s.io',
      {
        metadata: {name: 'viewer', namespace: 'default'},
        roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view'},
        subjects: [{kind: 'User', name: 'viewer'}],
      },
      'test',
    );

    const after = await call('/api/v1/namespaces/default/pods', headers);
    const elsewhere = await call('/api/v1/nodes', headers);

    expect(before.body).toMatchObject({
      message:
        'pods is forbidden: User "viewer" cannot list resource "pods" in API group "" in the namespace "default"',
    });
    expect(after.status).toBe(200);
    expect(elsewhere.status).toBe(403);
    expect(audited.map(({code}) => code)).toEqual([403, 200, 403]);
  });

  it('streams a watch from a version on', async () => {
    const version = api.context.store.revision;
    api.create('pods', pod('a'), 'test');
    const {body} = await request(`${face.url}/api/v1/pods?watch=true&resourceVersion=${version}`, {
      dispatcher: agent,
      headers: {authorization: `Bearer ${face.token()}`},
    });
    const lines = body.setEncoding('utf8')[Symbol.asyncIterator]();

    const first = (await lines.next()).value as string;
    api.create('pods', pod('b'), 'test');
    const second = (await lines.next()).value as string;

    expect([first, second].map((line) => JSON.parse(line) as object)).toMatchObject([
      {type: 'ADDED', object: {kind: 'Pod', metadata: {name: 'a'}}},
      {type: 'ADDED', object: {metadata: {name: 'b'}}},
    ]);
    body.destroy();
  });

  it('answers what a fault layer says', async () => {
    interception = {
      kind: 'answer',
      code: 503,
      body: {kind: 'Status', message: 'overloaded'},
      headers: {'retry-after': '1'},
    };

    const answer = await call('/api/v1/pods');

    expect(answer).toEqual({status: 503, body: {kind: 'Status', message: 'overloaded'}});
  });

  it('knows service accounts by the tokens that it gives them', async () => {
    const asked = await call(
      '/api/v1/namespaces/default/serviceaccounts/default/token',
      {'content-type': 'application/json'},
      'POST',
      '{}',
    );
    const {token} = (asked.body as unknown as {status: {token: string}}).status;

    const answer = await call('/api/v1/pods', {authorization: `Bearer ${token}`});

    expect(answer.body).toMatchObject({
      message: expect.stringContaining(
        'User "system:serviceaccount:default:default" cannot list resource "pods"',
      ),
    });
  });
});
