import {describe, expect, it} from '@jest/globals';
import {unsupportedNode} from './supported-node.ts';

describe('cli/supported-node', () => {
  it.each(['22.19.0', '22.20.1', '24.0.0', '26.12.1'])('takes Node %s', (version) => {
    expect(unsupportedNode(version)).toBeUndefined();
  });

  it.each(['18.20.8', '20.20.2', '22.18.0', '22.9.0'])('says of Node %s what is needed', (version) => {
    expect(unsupportedNode(version)).toBe(
      `this is Node ${version}, kubectl spread needs 22.19.0 or newer: update Node, or use the single executable`,
    );
  });
});
