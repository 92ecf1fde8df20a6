import {describe, expect, it} from '@jest/globals';
import {apiNode, clusterState, pod} from '../../test/scenarios/builders.ts';
import {verdicts} from '../../test/scenarios/verdicts.ts';
import {toNode} from '../cluster/node.ts';
import type {ApiPodSpec} from '../cluster/pod-spec.ts';
import {nodeDeclaredFeatures} from './node-declared-features.ts';

const declaring = (name: string, ...declaredFeatures: string[]) => {
  const raw = apiNode(name);
  return toNode({...raw, status: {...raw.status, declaredFeatures}});
};

describe('NodeDeclaredFeatures', () => {
  const cluster = clusterState({
    nodes: [declaring('a', 'RestartAllContainersOnContainerExits'), declaring('b')],
  });

  it.each<{what: string; spec: ApiPodSpec; b: string}>([
    {what: 'needs nothing', spec: {containers: [{}], hostUsers: false}, b: 'fits'},
    {
      what: 'restarts all of its containers',
      spec: {containers: [{restartPolicyRules: [{action: 'RestartAllContainers'}]}]},
      b: "node(s) didn't match Pod's required features",
    },
    {
      what: 'does so in an init container',
      spec: {containers: [{}], initContainers: [{restartPolicyRules: [{action: 'RestartAllContainers'}]}]},
      b: "node(s) didn't match Pod's required features",
    },
  ])('lets a pod that $what go where it can run', ({spec, b}) => {
    expect(verdicts(nodeDeclaredFeatures, pod('web', {spec}), cluster)).toEqual({a: 'fits', b});
  });

  it('refuses users of its own in the network of the host where nothing is said of it', () => {
    const spec = {containers: [{}], hostNetwork: true, hostUsers: false};

    const reason = "node(s) didn't match Pod's required features";
    expect(verdicts(nodeDeclaredFeatures, pod('web', {spec}), cluster)).toEqual({a: reason, b: reason});
  });
});
