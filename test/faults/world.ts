/** The simulated cluster that a run takes place in, with what an installation of the operator brings. */
import {readFileSync} from 'node:fs';
import {parseAllDocuments} from 'yaml';
import type {Random} from '../../src/simulator/engine/random.ts';
import {RequestHandler} from '../../src/simulator/http/request-handler.ts';
import {loadManifests, type Manifest} from '../../src/simulator/manifests.ts';
import {SimulatedCluster} from '../../src/simulator/simulated-cluster.ts';
import {NAMESPACE, type Scenario} from './scenario.ts';

export const OPERATOR_NAMESPACE = 'spread-operator-system';
const OPERATOR_USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:spread-operator`;
const INSTALLATION = [
  'config/manager/namespace.yaml',
  'crds/spread-operator.io_spreadpolicies.yaml',
  'config/rbac/service-account.yaml',
  'config/rbac/cluster-role.yaml',
  'config/rbac/cluster-role-binding.yaml',
  'config/rbac/leader-election-role.yaml',
  'config/rbac/leader-election-role-binding.yaml',
].flatMap(readManifests);
/** What the Deployments get to come up, milliseconds. */
const COME_UP = 120_000;

export interface World {
  readonly cluster: SimulatedCluster;
  readonly handler: RequestHandler;
  readonly token: string;
}

/** The Deployments are up and, as a rule, together on few nodes; the policies are not there yet. */
export function createWorld(seed: number, scenario: Scenario, random: Random): World {
  const cluster = new SimulatedCluster({
    seed,
    nodes: scenario.nodes,
    events: false,
    parameters: {
      nodeRestartSeconds: 120,
      panicAfterSeconds: 0,
      controllerMilliseconds: scenario.controllersTake,
    },
    timelineLimit: 10,
    historyLimit: 4000,
  });
  const {api} = cluster;
  loadManifests(api, INSTALLATION);
  api.create('namespaces', {metadata: {name: NAMESPACE}}, 'kubectl');
  // Until it has its service account.
  cluster.advance(2 * scenario.controllersTake);
  const names = api.list('nodes').map(({metadata}) => metadata.name);
  const open = new Set(Array.from({length: scenario.openAtFirst}, () => random.pick(names)));
  const closed = names.filter((name) => !open.has(name));
  for (const name of closed) {
    cluster.cordon(name);
  }
  loadManifests(api, [...scenario.deployments, ...scenario.budgets] as Manifest[]);
  cluster.advance(COME_UP);
  for (const name of closed) {
    cluster.cordon(name, false);
  }
  cluster.advance(10_000);
  // Not a token of the service account itself, whose signature would be looked at with each request.
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${OPERATOR_NAMESPACE}`];
  const handler = new RequestHandler({api, clock: cluster.clock, users: [{user: OPERATOR_USER, groups}]});
  const token = handler.authentication.tokenOf(OPERATOR_USER) ?? '';
  return {cluster, handler, token};
}

function readManifests(path: string): Manifest[] {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}
