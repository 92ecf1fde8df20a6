import {expect, it} from '@jest/globals';
import * as fc from 'fast-check';
import {pod} from '../../test/scenarios/builders.ts';
import {membershipIn} from './membership.ts';

it('is that of the uids, in whatever order pods are asked for', () => {
  const all = Array.from({length: 8}, (_, index) => pod(`web-${index}`, {on: 'a'}));
  const places = fc.nat({max: all.length - 1});

  fc.assert(
    fc.property(fc.uniqueArray(places), fc.array(fc.tuple(places, fc.boolean())), (listed, asked) => {
      const isMember = membershipIn(listed.flatMap((place) => all[place] ?? []));

      const answers = asked.map(([place, isCopy]) => {
        const value = all[place] ?? pod('none');
        return isMember(isCopy ? {...value} : value);
      });

      expect(answers).toEqual(asked.map(([place]) => listed.includes(place)));
    }),
  );
});
