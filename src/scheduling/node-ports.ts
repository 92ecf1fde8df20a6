import type {HostPort} from '../cluster/pod-spec.ts';
import type {FilterPlugin} from './framework.ts';

/** Refuses nodes where another pod holds one of the host ports that the pod wants. */
export const nodePorts: FilterPlugin = {
  name: 'NodePorts',

  prefilter(pod) {
    const wanted = pod.spec.hostPorts;
    if (wanted.length === 0) {
      return undefined;
    }
    return ({node, usedPorts}) =>
      usedPorts.some((used) => wanted.some((want) => conflicts(want, used)))
        ? {
            plugin: 'NodePorts',
            node: node.name,
            reasons: ["node(s) didn't have free ports for the requested pod ports"],
            resolvable: true,
          }
        : undefined;
  },
};

function conflicts(a: HostPort, b: HostPort): boolean {
  return (
    a.hostPort === b.hostPort &&
    a.protocol === b.protocol &&
    (bindsAll(a) || bindsAll(b) || a.hostIP === b.hostIP)
  );
}

// As upstream, only the IPv4 wildcard counts as "all": `::` is an address like any other.
function bindsAll(port: HostPort): boolean {
  return port.hostIP === '' || port.hostIP === '0.0.0.0';
}
