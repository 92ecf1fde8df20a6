/** The simulated API server answers as the real one: the same requests to both, compared answer by answer. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from '@jest/globals';
import {parse} from 'yaml';
import {ApiServer} from '../../src/simulator/apiserver/api-server.ts';
import {ApiFace} from '../../src/simulator/http/api-face.ts';
import {ControlPlane} from '../controlplane/control-plane.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';
import {compareServers} from './conformance/compare.ts';
import {Target} from './conformance/target.ts';

// What reacts to the objects would change them between two steps.
const silenced = [
  'deployment-controller',
  'ttl-controller',
  'daemonset-controller',
  'statefulset-controller',
  'horizontal-pod-autoscaler-controller',
  'root-ca-certificate-publisher-controller',
  'replicaset-controller',
  'disruption-controller',
  'node-lifecycle-controller',
  'namespace-controller',
  'garbage-collector-controller',
  'taint-eviction-controller',
  'pod-garbage-collector-controller',
  'endpointslice-controller',
  'endpoints-controller',
];

let real: RunningControlPlane;
let face: ApiFace;
let targets: {real: Target; simulated: Target};

beforeAll(async () => {
  real = await new ControlPlane({
    nodes: 0,
    users: [{user: 'viewer', groups: ['people']}],
    controllerManagerFlags: [`--controllers=${silenced.map((name) => `-${name}`).join(',')}`],
  }).start();
  face = await ApiFace.start({
    api: new ApiServer({now: () => Date.now(), random: Math.random}),
    users: [{user: 'viewer', groups: ['people']}],
  });
  targets = {
    real: await realTarget(),
    simulated: new Target(
      face.url,
      face.authority,
      new Map(['admin', 'viewer'].map((user) => [user, face.token(user)])),
    ),
  };
}, 600_000);

afterAll(async () => {
  await Promise.all([targets?.real.close(), targets?.simulated.close()]);
  await Promise.all([real?.stop(), face?.stop()]);
}, 60_000);

async function realTarget(): Promise<Target> {
  const authority = await readFile(join(real.directory, 'certificates/apiserver.crt'), 'utf8');
  const viewer = parse(await readFile(await real.createKubeconfig({user: 'viewer'}), 'utf8')) as {
    users: {user: {token: string}}[];
  };
  const tokens = new Map([
    ['admin', real.adminToken],
    ['viewer', viewer.users[0]?.user.token ?? ''],
  ]);
  return new Target(real.server, authority, tokens);
}

it('in every step', async () => {
  const {compared, differences} = await compareServers(targets.real, targets.simulated);

  console.log(`${compared} steps compared, ${differences.length} answered differently`);
  expect(differences.join('\n')).toBe('');
}, 300_000);
