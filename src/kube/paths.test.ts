import {describe, expect, it} from '@jest/globals';
import {parsePath, resourcePath} from './paths.ts';

describe('paths', () => {
  it.each([
    [resourcePath('v1', 'pods'), '/api/v1/pods', {resource: 'pods', group: ''}],
    [
      resourcePath('v1', 'nodes', {name: 'n1'}),
      '/api/v1/nodes/n1',
      {resource: 'nodes', group: '', name: 'n1'},
    ],
    [
      resourcePath('apps/v1', 'deployments', {namespace: 'shop'}),
      '/apis/apps/v1/namespaces/shop/deployments',
      {resource: 'deployments', group: 'apps', namespace: 'shop'},
    ],
    [
      resourcePath('v1', 'pods', {namespace: 'shop', name: 'web', subresource: 'eviction'}),
      '/api/v1/namespaces/shop/pods/web/eviction',
      {resource: 'pods/eviction', group: '', namespace: 'shop', name: 'web'},
    ],
    [
      resourcePath('v1', 'namespaces', {name: 'shop'}),
      '/api/v1/namespaces/shop',
      {resource: 'namespaces', group: '', name: 'shop'},
    ],
    ['/version', '/version', {resource: '/version', group: ''}],
    ['/apis/apps/v1', '/apis/apps/v1', {resource: '/apis/apps/v1', group: ''}],
  ])('%s', (made, path, parsed) => {
    expect(made).toBe(path);
    expect(parsePath(path)).toEqual(parsed);
  });
});
