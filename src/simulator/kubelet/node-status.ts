/** What a kubelet says of its node. Pure. */
import type {Condition, NodeObject} from '../objects.ts';

/** Of a Node that was created without a status. */
const DEFAULT_RESOURCES = {cpu: '4', memory: '16Gi', pods: '110', 'ephemeral-storage': '100Gi'};

export const READY_CONDITIONS: readonly Condition[] = [
  {
    type: 'MemoryPressure',
    status: 'False',
    reason: 'KubeletHasSufficientMemory',
    message: 'kubelet has sufficient memory available',
  },
  {
    type: 'DiskPressure',
    status: 'False',
    reason: 'KubeletHasNoDiskPressure',
    message: 'kubelet has no disk pressure',
  },
  {
    type: 'PIDPressure',
    status: 'False',
    reason: 'KubeletHasSufficientPID',
    message: 'kubelet has sufficient PID available',
  },
  {type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status'},
];

export function nodeStatus({metadata, status}: NodeObject, hostIP: string): object {
  const capacity = status?.capacity ?? status?.allocatable ?? DEFAULT_RESOURCES;
  return {
    ...status,
    capacity,
    allocatable: status?.allocatable ?? capacity,
    addresses: [
      {type: 'InternalIP', address: hostIP},
      {type: 'Hostname', address: metadata.name},
    ],
    nodeInfo: {
      architecture: 'amd64',
      bootID: '',
      containerRuntimeVersion: 'simulated://1',
      kernelVersion: 'simulated',
      kubeProxyVersion: '',
      kubeletVersion: 'v1.36.3',
      machineID: '',
      operatingSystem: 'linux',
      osImage: 'simulated',
      systemUUID: '',
    },
  };
}

/** The n-th address of a private network with 16 or 24 bits to give away, such as 10.0.1.7. */
export function address(prefix: '10' | '192.168', n: number): string {
  const low = [(n >> 8) & 0xff, n & 0xff];
  return [prefix, ...(prefix === '10' ? [(n >> 16) & 0xff] : []), ...low].join('.');
}
