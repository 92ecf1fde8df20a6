/**
 * Controllers and scheduler of the simulated cluster make of the objects what the real ones do: the same acts on both, and
 * after each the settled objects, their places and the events compared.
 */
import {afterAll, beforeAll, expect, it} from '@jest/globals';

import {ControlPlane} from '../controlplane/control-plane.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {acts, namespace, nodes} from './behaviour/acts.ts';
import {compareBehaviour} from './behaviour/compare.ts';
import {startLimitMilliseconds} from './with-operator-log.ts';

let clusters: RunningControlPlane[] = [];

beforeAll(async () => {
  const options = {nodes, podStartMilliseconds: 300, podStopMilliseconds: 200};
  clusters = await Promise.all(
    (['process', 'simulated'] as const).map((kind) => new ControlPlane({...options, kind}).start()),
  );
  await Promise.all(clusters.map((cluster) => cluster.createNamespace(namespace)));
}, startLimitMilliseconds);

afterAll(async () => {
  await Promise.all(clusters.map((cluster) => cluster.stop()));
}, 60_000);

it('after every act', async () => {
  const [real, simulated] = clusters as [RunningControlPlane, RunningControlPlane];

  const {acts: count, fields, differences} = await compareBehaviour(real, simulated, acts);

  console.log(`${count} acts and ${fields} values compared, ${differences.length} acts with differences`);
  expect(differences.join('\n')).toBe('');
}, 900_000);
