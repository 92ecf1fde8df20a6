import {describe, expect, it} from '@jest/globals';
import {asObject, valueAt} from './json.ts';
import {listPage, type WatchEvent, watch} from './listing.ts';
import {deployment, labels, pod, testServer} from './testing/server.ts';

describe('creation', () => {
  it('fills in what the real server fills in', () => {
    const {api} = testServer();

    const {spec, status, metadata} = api.create('deployments.apps', deployment(), 'test');

    expect(metadata).toMatchObject({generation: 1, creationTimestamp: '2026-01-01T00:00:00Z'});
    expect(status).toEqual({});
    expect(spec).toMatchObject({
      strategy: {type: 'RollingUpdate', rollingUpdate: {maxSurge: '25%', maxUnavailable: '25%'}},
      progressDeadlineSeconds: 600,
      template: {
        spec: {restartPolicy: 'Always', containers: [{imagePullPolicy: 'IfNotPresent', resources: {}}]},
      },
    });
  });

  it('completes the selectors of a pod with its matchLabelKeys', () => {
    const {api} = testServer();
    const constraint = {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: {},
      matchLabelKeys: ['app'],
    };

    const created = api.create('pods', pod('a', {topologySpreadConstraints: [constraint]}), 'test');

    const [completed] = valueAt(created, 'spec', 'topologySpreadConstraints') as object[];
    expect(completed).toMatchObject({
      labelSelector: {matchExpressions: [{key: 'app', operator: 'In', values: ['web']}]},
    });
  });

  it.each<{title: string; resource: string; object: object; message: string | RegExp}>([
    {
      title: 'a second object of the name',
      resource: 'namespaces',
      object: {metadata: {name: 'default'}},
      message: 'namespaces "default" already exists',
    },
    {
      title: 'a namespace that is not there',
      resource: 'configmaps',
      object: {metadata: {name: 'a', namespace: 'missing'}},
      message: 'namespaces "missing" not found',
    },
    {
      title: 'a selector that does not match',
      resource: 'deployments.apps',
      object: deployment({selector: {matchLabels: {app: 'other'}}}),
      message:
        'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    },
    {
      title: 'an unknown field',
      resource: 'deployments.apps',
      object: deployment({replica: 3}),
      message: /strict decoding error: unknown field "spec\.replica"$/,
    },
    {
      title: 'words for a number',
      resource: 'deployments.apps',
      object: deployment({replicas: 'three'}),
      message:
        /json: cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32$/,
    },
  ])('refuses $title', ({resource, object, message}) => {
    const {api} = testServer();

    const create = () => api.create(resource, object, 'test');

    expect(create).toThrow(message);
  });
});

describe('update', () => {
  it('raises the generation with the spec, not with the status', () => {
    const {api} = testServer();
    api.create('deployments.apps', deployment(), 'test');

    const scaled = api.update(
      'deployments.apps',
      'default',
      'web',
      (object) => ({...object, spec: {...asObject(object['spec']), replicas: 5}}),
      {actor: 'test'},
    );
    const reported = api.update(
      'deployments.apps',
      'default',
      'web',
      (object) => ({...object, status: {replicas: 5}}),
      {actor: 'test', subresource: 'status'},
    );

    expect(scaled.metadata.generation).toBe(2);
    expect(reported.metadata.generation).toBe(2);
    expect(reported['status']).toEqual({replicas: 5});
  });

  it('that changes nothing does not happen', () => {
    const {api} = testServer();
    const before = api.create('deployments.apps', deployment(), 'test');

    const after = api.update('deployments.apps', 'default', 'web', (object) => ({...object}), {
      actor: 'test',
    });

    expect(after).toBe(before);
  });

  it('of a selector is refused', () => {
    const {api} = testServer();
    api.create('deployments.apps', deployment(), 'test');
    const other = {app: 'other'};
    const {spec} = deployment({
      selector: {matchLabels: other},
      template: {metadata: {labels: other}, spec: {containers: [{name: 'a', image: 'b'}]}},
    }) as {spec: object};

    const update = () =>
      api.update('deployments.apps', 'default', 'web', (object) => ({...object, spec}), {actor: 'test'});

    expect(update).toThrow(
      'spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
    );
  });
});

describe('deletion', () => {
  it('of a running pod waits for its kubelet', () => {
    const {api} = testServer();
    api.create('pods', pod('a'), 'test');
    api.bind('default', 'a', 'node-1');

    api.delete('pods', 'default', 'a', {actor: 'test'});
    const terminating = api.get('pods', 'default', 'a');
    api.delete('pods', 'default', 'a', {actor: 'kubelet', gracePeriodSeconds: 0});

    expect(terminating?.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
    });
    expect(api.get('pods', 'default', 'a')).toBeUndefined();
  });

  it('of a pod without a node is immediate', () => {
    const {api} = testServer();
    api.create('pods', pod('a'), 'test');

    api.delete('pods', 'default', 'a', {actor: 'test'});

    expect(api.list('pods')).toEqual([]);
  });

  it('waits for finalizers', () => {
    const {api} = testServer();
    api.create(
      'configmaps',
      {metadata: {name: 'a', namespace: 'default', finalizers: ['example.org/x']}},
      'test',
    );

    api.delete('configmaps', 'default', 'a', {actor: 'test'});
    const waiting = api.get('configmaps', 'default', 'a');
    api.update(
      'configmaps',
      'default',
      'a',
      (object) => ({...object, metadata: {...object.metadata, finalizers: []}}),
      {actor: 'test'},
    );

    expect(waiting?.metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z');
    expect(api.get('configmaps', 'default', 'a')).toBeUndefined();
  });

  it('of another object of the name is refused', () => {
    const {api} = testServer();
    api.create('configmaps', {metadata: {name: 'a', namespace: 'default'}}, 'test');

    const remove = () => api.delete('configmaps', 'default', 'a', {actor: 'test', uid: 'other'});

    expect(remove).toThrow(/the UID in the precondition \(other\) does not match the UID in record/);
  });
});

describe('lists and watches', () => {
  it('come in pages of one revision', () => {
    const {api} = testServer();
    const resource = api.context.registry.byName('pods');
    for (const name of ['a', 'b', 'c']) api.create('pods', pod(name), 'test');

    const first = listPage(api.context, resource, {limit: 2});
    api.create('pods', pod('aa'), 'test');
    api.delete('pods', 'default', 'c', {actor: 'test'});
    const second = listPage(api.context, resource, {limit: 2, continue: first.continue});

    expect(first).toMatchObject({remainingItemCount: 1});
    expect([...first.items, ...second.items].map(({metadata}) => metadata.name)).toEqual(['a', 'b', 'c']);
    expect(second.resourceVersion).toBe(first.resourceVersion);
  });

  it('tell a selecting watch what leaves the selection', () => {
    const {api} = testServer();
    const resource = api.context.registry.byName('pods');
    const events: WatchEvent[] = [];
    watch(
      api.context,
      resource,
      {labelSelector: 'app=web', resourceVersion: String(api.context.store.revision)},
      (event) => events.push(event),
    );

    api.create('pods', pod('a'), 'test');
    api.update(
      'pods',
      'default',
      'a',
      (object) => ({...object, metadata: {...object.metadata, labels: {app: 'api'}}}),
      {actor: 'test'},
    );
    api.update('pods', 'default', 'a', (object) => ({...object, metadata: {...object.metadata, labels}}), {
      actor: 'test',
    });

    expect(events.map(({type}) => type)).toEqual(['ADDED', 'DELETED', 'ADDED']);
  });

  it('end with 410 when the history no longer reaches back', () => {
    const {api} = testServer();
    const resource = api.context.registry.byName('pods');
    const start = String(api.context.store.revision);
    api.create('pods', pod('a'), 'test');
    api.context.store.compact();
    const events: WatchEvent[] = [];

    watch(api.context, resource, {resourceVersion: start}, (event) => events.push(event));

    expect(events).toMatchObject([{type: 'ERROR', object: {code: 410, reason: 'Expired'}}]);
  });
});
