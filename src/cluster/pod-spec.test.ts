import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {type ApiPodSpec, completeForLabels, createPodSpecInterner, toPodSpec} from './pod-spec.ts';

const MEBI = 2 ** 20;

describe('toPodSpec: requests', () => {
  it.each<{what: string; spec: ApiPodSpec; milliCPU: number; memory: number}>([
    {
      what: 'the sum of the containers',
      spec: {containers: [asks('100m', '10Mi'), asks('200m', '20Mi')]},
      milliCPU: 300,
      memory: 30,
    },
    {
      what: 'the greatest init container, where it asks for more than all containers together',
      spec: {
        initContainers: [asks('500m', '5Mi'), asks('400m', '50Mi')],
        containers: [asks('100m', '10Mi'), asks('200m', '20Mi')],
      },
      milliCPU: 500,
      memory: 50,
    },
    {
      what: 'sidecars beside the containers',
      spec: {initContainers: [sidecar('50m', '5Mi')], containers: [asks('100m', '10Mi')]},
      milliCPU: 150,
      memory: 15,
    },
    {
      what: 'an init container beside the sidecars that start before it, not those after it',
      spec: {
        initContainers: [sidecar('50m', '5Mi'), asks('1', '1Mi'), sidecar('70m', '7Mi')],
        containers: [asks('100m', '10Mi')],
      },
      milliCPU: 1050,
      memory: 22,
    },
    {
      what: 'the overhead of the runtime class on top',
      spec: {overhead: {cpu: '10m', memory: '1Mi'}, containers: [asks('100m', '10Mi')]},
      milliCPU: 110,
      memory: 11,
    },
    {
      what: 'a request of the pod instead of the sum, only for what it names',
      spec: {resources: {requests: {cpu: '1'}}, containers: [asks('100m', '10Mi')]},
      milliCPU: 1000,
      memory: 10,
    },
    {
      what: 'a limit of the pod only where no container asks for that resource',
      spec: {resources: {limits: {cpu: '2', memory: '64Mi'}}, containers: [asks('100m')]},
      milliCPU: 100,
      memory: 64,
    },
    {
      what: 'a limit of the container where it has no request',
      spec: {containers: [{resources: {limits: {cpu: '300m', memory: '9Mi'}, requests: {memory: '3Mi'}}}]},
      milliCPU: 300,
      memory: 3,
    },
  ])('are $what', ({spec, milliCPU, memory}) => {
    const {requests} = toPodSpec(spec);

    expect({milliCPU: requests.milliCPU, memory: requests.memory / MEBI}).toEqual({milliCPU, memory});
  });

  it('for scoring, count 100 milliCPU and 200 MiB for each container that asks for nothing', () => {
    const {nonZeroRequests, requests} = toPodSpec({containers: [{}, asks('1'), asks('0', '0')]});

    expect(nonZeroRequests).toEqual({milliCPU: 1100, memory: 400 * MEBI});
    expect(requests).toMatchObject({milliCPU: 1000, memory: 0});
  });

  it('for scoring a pod with requests of its own, stand in only for what nothing of it asks for', () => {
    const spec = {resources: {requests: {cpu: '2'}}, containers: [{}, {}]};

    const {nonZeroRequests, nonZeroContainerRequests} = toPodSpec(spec);

    expect(nonZeroRequests).toEqual({milliCPU: 2000, memory: 400 * MEBI});
    // A newcomer is scored as if it had none.
    expect(nonZeroContainerRequests).toEqual({milliCPU: 200, memory: 400 * MEBI});
  });

  it('for scoring, stand in for no memory where one container or the overhead asks for some', () => {
    const resources = {requests: {cpu: '2'}};
    const memory = {resources: {requests: {memory: '5Mi'}}};

    const ofContainer = toPodSpec({resources, containers: [memory, {}]});
    const ofOverhead = toPodSpec({resources, containers: [{}], overhead: {memory: '7Mi'}});

    expect(ofContainer.nonZeroRequests.memory).toBe(5 * MEBI);
    expect(ofOverhead.nonZeroRequests.memory).toBe(7 * MEBI);
  });
});

describe('toPodSpec', () => {
  it.each<{what: string; spec: ApiPodSpec; ports: number[]}>([
    {what: 'hostPort', spec: {containers: [{ports: [{containerPort: 80, hostPort: 8080}]}]}, ports: [8080]},
    {what: 'no port of the host', spec: {containers: [{ports: [{containerPort: 80}]}]}, ports: []},
    {
      what: 'every container port with hostNetwork',
      spec: {hostNetwork: true, containers: [{ports: [{containerPort: 80}]}]},
      ports: [80],
    },
    {
      what: 'sidecars, not init containers that end',
      spec: {
        initContainers: [{ports: [{hostPort: 1}]}, {restartPolicy: 'Always', ports: [{hostPort: 2}]}],
        containers: [],
      },
      ports: [2],
    },
  ])('finds the host ports of $what', ({spec, ports}) => {
    expect(toPodSpec(spec).hostPorts.map(({hostPort}) => hostPort)).toEqual(ports);
  });

  it('takes a device class that is asked for as a resource for a claim', () => {
    const requests = {'deviceclass.resource.kubernetes.io/gpu': '1', 'example.com/gpu': '1'};

    const {resourceClaims} = toPodSpec({
      containers: [{resources: {requests}}],
      resourceClaims: [{name: 'nic'}],
    });

    expect(resourceClaims).toEqual(['nic', 'deviceclass.resource.kubernetes.io/gpu']);
  });

  it('tells an absent node affinity from one that matches no node', () => {
    const empty = {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}};

    expect(toPodSpec({containers: []}).nodeAffinity.required).toBeUndefined();
    expect(toPodSpec({containers: [], affinity: empty}).nodeAffinity.required).toEqual([]);
  });
});

describe('completeForLabels', () => {
  const keys = fc.subarray(['pod-template-hash', 'app', 'absent']);
  const term = fc.record({
    topologyKey: fc.constant('zone'),
    labelSelector: fc.constant({}),
    matchLabelKeys: keys,
  });

  it('merges matchLabelKeys into every selector, and does so once for the API server’s own form', () => {
    const spec = toPodSpec({
      affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [hashTerm()]}},
      topologySpreadConstraints: [{maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', ...hashTerm()}],
    });

    const complete = completeForLabels(spec, {'pod-template-hash': 'x1'});

    const merged = {
      matchLabels: {app: 'web'},
      matchExpressions: [{key: 'pod-template-hash', operator: 'In', values: ['x1']}],
    };
    expect(complete.podAntiAffinity.required[0]?.labelSelector).toEqual(merged);
    expect(complete.topologySpreadConstraints[0]?.labelSelector).toEqual(merged);
  });

  it('does not change what its terms select when it is done twice', () => {
    fc.assert(
      fc.property(fc.array(term), (terms) => {
        const spec = toPodSpec({
          affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: terms}},
        });
        const labels = {app: 'web', 'pod-template-hash': 'x1'};
        const once = completeForLabels(spec, labels);
        const twice = completeForLabels(once, labels);

        expect(requirementsOf(twice)).toEqual(requirementsOf(once));
      }),
    );
  });
});

describe('createPodSpecInterner', () => {
  it('gives one value to the replicas of a template, whatever their node and token volume', () => {
    const intern = createPodSpecInterner();
    const replica = (nodeName: string, token: string): ApiPodSpec => {
      const mounts = {
        volumeMounts: [{name: token, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount'}],
      };
      return {
        nodeName,
        containers: [{...asks('1'), ...mounts}],
        initContainers: [{...sidecar('1', '1Gi'), ...mounts}],
        tolerations: [{operator: 'Exists'}],
        volumes: [{name: token, projected: {}}],
      };
    };

    const specs = [
      intern(replica('a', 'kube-api-access-x7')),
      intern(replica('b', 'kube-api-access-q2')),
      intern({...replica('c', 'kube-api-access-z4'), initContainers: []}),
    ];

    expect(specs[0]).toBe(specs[1]);
    expect(specs[2]).not.toBe(specs[0]);
  });

  it('tells apart what placement tells apart: a claim, a request, a label selector', () => {
    const intern = createPodSpecInterner();
    const specs = [
      {containers: [asks('1')]},
      {containers: [asks('2')]},
      {containers: [asks('1')], volumes: [{name: 'data', persistentVolumeClaim: {claimName: 'data-0'}}]},
      {containers: [asks('1')], volumes: [{name: 'data', persistentVolumeClaim: {claimName: 'data-1'}}]},
    ];

    expect(new Set(specs.map((spec) => intern(spec))).size).toBe(4);
  });

  it('lets go of a template that no pod has any more', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const intern = createPodSpecInterner();
    const spec = (cpu: string): ApiPodSpec => ({containers: [asks(cpu)]});
    const kept = intern(spec('1'));
    const dropped = new WeakRef(intern(spec('2')));

    // A WeakRef holds its target until the turn of the event loop is over.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();

    expect(dropped.deref()).toBeUndefined();
    expect(intern(spec('1'))).toBe(kept);
  });
});

function asks(cpu: string, memory?: string) {
  return {resources: {requests: {cpu, ...(memory === undefined ? {} : {memory})}}};
}

function sidecar(cpu: string, memory: string) {
  return {...asks(cpu, memory), restartPolicy: 'Always'};
}

function hashTerm() {
  return {
    topologyKey: 'kubernetes.io/hostname',
    labelSelector: {matchLabels: {app: 'web'}},
    matchLabelKeys: ['pod-template-hash'],
  };
}

// As a set: a requirement that stands there twice selects the same.
function requirementsOf(spec: ReturnType<typeof toPodSpec>): string[][] {
  return spec.podAntiAffinity.required.map(({labelSelector}) =>
    [...new Set((labelSelector?.matchExpressions ?? []).map((each) => JSON.stringify(each)))].sort(),
  );
}
