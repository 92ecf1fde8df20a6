import {describe, expect, it} from '@jest/globals';
import {node} from '../../test/scenarios/builders.ts';
import {RecordedActions} from '../../test/scenarios/recorded-actions.ts';
import {clusterCache, settled, type WorkloadOptions} from '../../test/scenarios/workloads.ts';
import type {WorkloadReplicas} from '../cluster/replicas.ts';
import {capabilitiesOf} from '../injection/rule.ts';
import {ManualClock} from '../kube/testing/manual-clock.ts';
import {MemoryLog} from '../kube/testing/memory-log.ts';
import {PolicyIndex} from './policy-index.ts';
import {TemplateEditor} from './template-editor.ts';

describe('TemplateEditor.revert', () => {
  it('takes the rule out of one template of a namespace after the other', async () => {
    const {actions, revert} = editorFor(injected('api'), injected('web'));

    await revert('api');
    const requeue = await revert('web');

    expect(actions.calls).toEqual(['apply api']);
    expect(requeue).toBeDefined();
  });

  it('does not let a paused Deployment hold up the others', async () => {
    const {actions, revert} = editorFor(injected('api', {spec: {paused: true}}), injected('web'));

    await revert('api');
    await revert('web');

    expect(actions.calls).toEqual(['apply api', 'apply web']);
  });

  it('waits until every replica of the last one is available again', async () => {
    const {actions, cache, api, revert} = editorFor(injected('api'), injected('web'));
    const [pod] = api.pods;

    await revert('api');
    cache.setWorkload({...api.workload, placementOwners: []});
    if (pod !== undefined) {
      cache.setPod({...pod, ready: false}, pod);
    }
    await revert('api');
    await revert('web');

    expect(actions.calls).toEqual(['apply api']);

    if (pod !== undefined) {
      cache.setPod(pod, {...pod, ready: false});
    }
    await revert('api');
    await revert('web');

    expect(actions.calls).toEqual(['apply api', 'apply web']);
  });
});

function editorFor(api: WorkloadReplicas, web: WorkloadReplicas) {
  const cache = clusterCache([node('a'), node('b')], api, web);
  const actions = new RecordedActions();
  const editor = new TemplateEditor({
    cache,
    policies: new PolicyIndex(),
    actions,
    capabilities: () => capabilitiesOf({major: 1, minor: 36}),
    circuitOpen: () => undefined,
    clock: new ManualClock(),
    log: new MemoryLog(),
    enqueue: () => {},
  });
  const revert = async (name: 'api' | 'web') => {
    const key = `default/${name}`;
    const workload = cache.workload(key);
    return workload && (await editor.revert(key, workload, new AbortController().signal));
  };
  return {actions, cache, api, revert};
}

/** At rest, with a soft rule of the operator's own in the template. */
function injected(name: string, options: WorkloadOptions = {}): WorkloadReplicas {
  const list = 'preferredDuringSchedulingIgnoredDuringExecution';
  const term = {topologyKey: 'kubernetes.io/hostname', labelSelector: {matchLabels: {app: name}}};
  const podSpec = {'f:affinity': {'f:podAntiAffinity': {[`f:${list}`]: {}}}};
  return settled(
    {a: 1, b: 1},
    {
      ...options,
      name,
      podSpec: {affinity: {podAntiAffinity: {[list]: [{weight: 100, podAffinityTerm: term}]}}},
      managedFields: [
        {
          manager: 'spread-operator',
          operation: 'Apply',
          fieldsV1: {'f:spec': {'f:template': {'f:spec': podSpec}}},
        },
      ],
    },
  );
}
