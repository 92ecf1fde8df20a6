import {expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {node} from '../../test/scenarios/builders.ts';
import {ClusterState} from './snapshot.ts';

const images = fc.uniqueArray(fc.constantFrom('web:1', 'web:2', 'db:1', 'pause:3'));
const nodeName = fc.constantFrom('a', 'b', 'c');
const changes = fc.array(fc.tuple(nodeName, fc.option(images, {nil: undefined})), {maxLength: 20});

it('knows the holders of each image, whatever nodes come, change and go', () => {
  fc.assert(
    fc.property(changes, (drawn) => {
      const state = new ClusterState();
      const held = new Map<string, readonly string[]>();
      for (const [name, names] of drawn) {
        if (names === undefined) {
          held.delete(name);
          state.deleteNode(name);
        } else {
          held.set(name, names);
          state.setNode(node(name, {images: Object.fromEntries(names.map((image) => [image, 1000]))}));
        }
      }

      for (const image of ['web:1', 'web:2', 'db:1', 'pause:3', 'none:1']) {
        const holders = Array.from(state.imageHolders(image), (info) => info.node.name);
        const expected = [...held].flatMap(([name, names]) => (names.includes(image) ? [name] : []));
        expect(holders.sort()).toEqual(expected.sort());
      }
    }),
  );
});
