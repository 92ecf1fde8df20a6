/** An API server for tests: its clock stands at a fixed time until it is moved, and its chance is the same each time. */
import {ApiServer} from '../api-server.ts';
import type {OwnershipTracking} from '../context.ts';

export interface TestServer {
  readonly api: ApiServer;
  advance(seconds: number): void;
}

export function testServer(
  options: {historyLimit?: number; isOwnershipTracked?: OwnershipTracking} = {},
): TestServer {
  let now = Date.parse('2026-01-01T00:00:00Z');
  let seed = 1;
  const random = (): number => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const api = new ApiServer({now: () => now, random, ...options});
  api.create('serviceaccounts', {metadata: {name: 'default', namespace: 'default'}}, 'test');
  return {
    api,
    advance: (seconds) => {
      now += seconds * 1000;
    },
  };
}

export const labels = {app: 'web'};

export function deployment(spec: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {name: 'web', namespace: 'default', labels},
    spec: {
      replicas: 3,
      selector: {matchLabels: labels},
      template: {metadata: {labels}, spec: {containers: [{name: 'main', image: 'web:1'}]}},
      ...spec,
    },
  };
}

export function pod(name: string, spec: object = {}): object {
  return {
    metadata: {name, namespace: 'default', labels},
    spec: {containers: [{name: 'main', image: 'web:1'}], ...spec},
  };
}
