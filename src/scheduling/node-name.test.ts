import {describe, expect, it} from '@jest/globals';
import {clusterState, node, pod} from '../../test/scenarios/builders.ts';
import {verdicts} from '../../test/scenarios/verdicts.ts';
import {nodeName} from './node-name.ts';

describe('NodeName', () => {
  const cluster = clusterState({nodes: [node('a'), node('b')]});

  it('has nothing to say about a pod that names no node', () => {
    expect(verdicts(nodeName, pod('web'), cluster)).toEqual({a: 'fits', b: 'fits'});
  });

  it('does not take the node of a bound pod for one that the pod asked for', () => {
    expect(verdicts(nodeName, pod('web', {on: 'a'}), cluster)).toEqual({a: 'fits', b: 'fits'});
  });

  it('refuses all but the named node', () => {
    const result = verdicts(nodeName, {...pod('web'), requestedNodeName: 'a'}, cluster);

    expect(result).toEqual({a: 'fits', b: "node(s) didn't match the requested node name"});
  });
});
