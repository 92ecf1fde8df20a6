import {describe, expect, it} from '@jest/globals';
import {apiPod} from '../../test/scenarios/builders.ts';
import {toPod} from './pod.ts';
import {type ApiPodSpec, createPodSpecInterner, toPodSpec} from './pod-spec.ts';
import {type ApiResizeStatus, withResizedRequests} from './resized-spec.ts';

const INFEASIBLE = {type: 'PodResizePending', status: 'True', reason: 'Infeasible'};
const DEFERRED = {type: 'PodResizePending', status: 'True', reason: 'Deferred'};

const asking = (requests: Record<string, string>): ApiPodSpec => ({
  containers: [{name: 'main', resources: {requests}}],
});

const reported = (running: Record<string, string>, admitted: Record<string, string> = running) => ({
  containerStatuses: [{name: 'main', resources: {requests: running}, allocatedResources: admitted}],
});

describe('withResizedRequests', () => {
  it.each<{what: string; status: ApiResizeStatus | undefined}>([
    {what: 'no status', status: undefined},
    {what: 'a status without resources', status: {containerStatuses: [{name: 'main'}]}},
    {what: 'the same amounts, written otherwise', status: reported({cpu: '1000m', memory: '1Gi'})},
    {what: 'less, as before a resize', status: reported({cpu: '500m', memory: '512Mi'})},
    {
      what: 'another container',
      status: {containerStatuses: [{name: 'gone', resources: {requests: {cpu: '9'}}}]},
    },
  ])('leaves the spec as it is, the same object, with $what', ({status}) => {
    const spec = asking({cpu: '1', memory: '1024Mi'});

    expect(withResizedRequests(spec, status)).toBe(spec);
  });

  it.each<{what: string; status: ApiResizeStatus; milliCPU: number}>([
    {what: 'runs, where it is more', status: reported({cpu: '3'}, {cpu: '2'}), milliCPU: 3000},
    {what: 'is admitted, where it is more', status: reported({cpu: '2'}, {cpu: '3'}), milliCPU: 3000},
    {what: 'is asked for, where it is more', status: reported({cpu: '500m'}), milliCPU: 1000},
    {
      what: 'is asked for while the node cannot give it yet',
      status: {...reported({cpu: '500m'}), conditions: [DEFERRED]},
      milliCPU: 1000,
    },
    {
      what: 'runs when what is asked for will never be',
      status: {...reported({cpu: '500m'}, {cpu: '600m'}), conditions: [INFEASIBLE]},
      milliCPU: 600,
    },
  ])('counts what $what', ({status, milliCPU}) => {
    const {requests} = toPodSpec(withResizedRequests(asking({cpu: '1'}), status));

    expect(requests.milliCPU).toBe(milliCPU);
  });

  it('reads the report on a sidecar, and not on an init container that ends', () => {
    const sidecar = {name: 'sidecar', restartPolicy: 'Always'};
    const spec = {...asking({cpu: '1'}), initContainers: [sidecar, {name: 'init'}]};
    const status = {
      initContainerStatuses: [
        {name: 'sidecar', resources: {requests: {cpu: '2'}}},
        {name: 'init', resources: {requests: {cpu: '8'}}},
      ],
    };

    expect(toPodSpec(withResizedRequests(spec, status)).requests.milliCPU).toBe(3000);
  });

  it('counts a resize of the pod as a whole, for the resources that its spec names', () => {
    const spec = {...asking({cpu: '1', memory: '1Gi'}), resources: {requests: {cpu: '2'}}};
    const status = {resources: {requests: {cpu: '3', memory: '9Gi'}}};

    const {requests} = toPodSpec(withResizedRequests(spec, status));

    expect(requests).toMatchObject({milliCPU: 3000, memory: 2 ** 30});
  });
});

describe('toPod', () => {
  it('gives a pod in the middle of a resize a spec of its own, and the others one for all', () => {
    const intern = createPodSpecInterner();
    const [first, second, third] = ['web-1', 'web-2', 'web-3'].map((name) => {
      const raw = apiPod(name, {on: 'a'});
      raw.spec = {...raw.spec, ...asking({cpu: '1'})};
      return raw;
    });
    if (first === undefined || second === undefined || third === undefined) {
      throw new Error('expected three pods');
    }
    third.status = {...third.status, ...reported({cpu: '2'})};

    const [a, b, c] = [first, second, third].map((raw) => toPod(raw, intern).spec);

    expect(a).toBe(b);
    expect(c).not.toBe(a);
    expect([a?.requests.milliCPU, c?.requests.milliCPU]).toEqual([1000, 2000]);
  });
});
