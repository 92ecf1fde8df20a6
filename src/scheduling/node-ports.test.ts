import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {verdicts} from '../../test/scenarios/verdicts.ts';
import {nodePorts} from './node-ports.ts';

interface Port {
  hostPort?: number;
  hostIP?: string;
  protocol?: string;
}

describe('NodePorts', () => {
  const listening = (name: string, ports: Port[], on?: string) =>
    pod(name, {...(on === undefined ? {} : {on}), spec: {containers: [{ports}]}});

  it.each<[string, Port[], Port[], boolean]>([
    ['no ports wanted', [], [{hostPort: 80}], true],
    ['a container port is not a host port', [{}], [{hostPort: 80}], true],
    ['another port', [{hostPort: 81}], [{hostPort: 80}], true],
    ['the same port', [{hostPort: 80}], [{hostPort: 80}], false],
    ['another protocol', [{hostPort: 80, protocol: 'UDP'}], [{hostPort: 80, protocol: 'TCP'}], true],
    ['another address', [{hostPort: 80, hostIP: '10.0.0.1'}], [{hostPort: 80, hostIP: '10.0.0.2'}], true],
    ['the same address', [{hostPort: 80, hostIP: '10.0.0.1'}], [{hostPort: 80, hostIP: '10.0.0.1'}], false],
    ['all addresses against one', [{hostPort: 80}], [{hostPort: 80, hostIP: '10.0.0.1'}], false],
    ['one address against all', [{hostPort: 80, hostIP: '10.0.0.1'}], [{hostPort: 80, hostIP: ''}], false],
    ['one of two is taken', [{hostPort: 81}, {hostPort: 80}], [{hostPort: 80}], false],
  ])('%s', (_situation, wanted, used, fits) => {
    const cluster = clusterState({nodes: [node('a')], pods: [listening('there', used, 'a')]});

    const result = verdicts(nodePorts, listening('newcomer', wanted), cluster);

    expect(result).toEqual({a: fits ? 'fits' : "node(s) didn't have free ports for the requested pod ports"});
  });
});
