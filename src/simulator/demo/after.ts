/** Part 2 of the demo: the same cluster and the same traffic, with the real operator beside it. */
import {parse} from 'yaml';
import type {WorkloadStatus} from '../../api/types.ts';
import {readPackageFile} from '../../package-files.ts';
import type {ApiFace} from '../http/api-face.ts';
import {loadManifests, type Manifest} from '../manifests.ts';
import type {SimulatedCluster} from '../simulated-cluster.ts';
import {applyLoad} from './moonlight.ts';
import {OperatorNews, POLICIES} from './operator-news.ts';
import type {OperatorProcess} from './operator-process.ts';
import type {Screen} from './screen.ts';
import {Stage} from './stage.ts';
import {asDuration} from './words.ts';

const EXAMPLE = 'examples/moonlight/policies.yaml';
/** Simulated seconds per second, where the operator has nothing to do but watch. */
const SPEED = 180;
const SURVIVED_MINUTES = 20;
const LOST_MINUTES = 8;
const RECOVERY_MINUTES = 2;
const WORKLOADS = 2;
const LONGEST_WORK_MINUTES = 0.5;
/** Short, so that the demo is; the default is 30. */
const SETTLE_SECONDS = 1;

/** What runs in part 2, and after it with --keep. */
export interface Running {
  readonly cluster: SimulatedCluster;
  readonly face: ApiFace;
  readonly operator: OperatorProcess;
  readonly kubeconfig: string;
  /** The file of the policy, for who tries it by hand. */
  readonly policies: string;
}

/** Of web's three replicas, the fewest that were Ready, and what else could have gone wrong. */
export interface After {
  readonly whileMoving: number;
  readonly deadUnderLoad: number;
  readonly oneLost: number;
  readonly twoLost: number;
  /** Nodes that died of the load on those that were left. */
  readonly deadAfterLosses: number;
  readonly webDown: boolean;
  readonly ssrDown: boolean;
  /** For how long, each time. */
  readonly redisDown: readonly string[];
}

interface Scene {
  readonly cluster: SimulatedCluster;
  readonly screen: Screen;
  readonly stage: Stage;
  readonly said: OperatorNews;
  readonly check: () => void;
}

export async function tellAfter(running: Running, screen: Screen, signal: AbortSignal): Promise<After> {
  const {cluster, operator} = running;
  screen.heading('Part 2: the same cluster, with spread-operator');
  screen.say(
    'The same start, before the traffic. The operator is the real one, a process of its own that knows no more of ' +
      'this cluster than its API tells; so time is real time here. It is given this policy:',
  );
  screen.lines(['', ...readPackageFile(EXAMPLE).trimEnd().replaceAll(/^/gm, '  ').split('\n'), '']);
  const said = new OperatorNews(cluster);
  const stage = new Stage(cluster, screen, signal, said);
  const scene = {cluster, screen, stage, said, check: () => operator.assertRunning()};
  await stage.pause(1500);
  const whileMoving = Math.min(await moveApart(scene), await injectRule(scene));
  const deadUnderLoad = await sameTraffic(scene);
  const oneLost = await loseOne(scene);
  const twoLost = await loseTwo(scene);
  const outages = cluster.timeline.outages();
  const redis = outages.filter(({service}) => service === 'moonlight/redis');
  return {
    whileMoving,
    deadUnderLoad,
    oneLost,
    twoLost,
    deadAfterLosses: panicked(cluster) - deadUnderLoad,
    webDown: outages.some(({service}) => service === 'moonlight/web'),
    ssrDown: outages.some(({service}) => service === 'moonlight/ssr'),
    redisDown: redis.map(({from, to}) => asDuration((to ?? cluster.now) - from)),
  };
}

async function moveApart(scene: Scene): Promise<number> {
  const {cluster, screen, stage} = scene;
  screen.say(
    'Step 1. It moves the replicas apart, one at a time, and waits until the new one works.',
    'strong',
  );
  screen.say(
    '(For this step the policy has "injection: {mode: Suggest}": no Deployment is changed yet.)',
    'dim',
  );
  screen.say();
  stage.catchUp();
  applyPolicy(cluster, 'Suggest');
  const fewest = await stage.fewestReady(() => untilSpread(scene, () => true));
  stage.keepPicture();
  tellFewest(screen, fewest);
  await stage.pause(1500);
  return fewest;
}

async function injectRule(scene: Scene): Promise<number> {
  const {cluster, screen, stage} = scene;
  screen.say();
  screen.say(
    'Step 2. So that it stays so, it writes the rule "no two on one node" into the Deployments.',
    'strong',
  );
  screen.say(
    '(Kubernetes then renews their pods, as at each change of a Deployment: a new one starts, then an old one goes.)',
    'dim',
  );
  screen.say();
  stage.catchUp();
  applyPolicy(cluster, 'Apply');
  const fewest = await stage.fewestReady(() =>
    untilSpread(scene, ({injection}) => injection?.state === 'Injected'),
  );
  stage.keepPicture();
  tellFewest(screen, fewest);
  await stage.pause(1500);
  return fewest;
}

/** How many nodes died. */
async function sameTraffic({cluster, screen, stage, check}: Scene): Promise<number> {
  screen.say();
  screen.say(`Step 3. The same traffic as in part 1, for ${SURVIVED_MINUTES} minutes.`, 'strong');
  screen.say(
    `(From here on the cluster runs ${SPEED} times faster than real time. The operator does not, so what it says comes a little late.)`,
    'dim',
  );
  screen.say();
  applyLoad(cluster);
  await stage.play({speed: SPEED, minutes: SURVIVED_MINUTES, check});
  const dead = panicked(cluster);
  stage.keepPicture();
  screen.say(
    dead === 0 ? 'The load is shared: every node has CPU to spare, none dies.' : `${dead} nodes died.`,
  );
  await stage.pause(2000);
  return dead;
}

async function loseOne(scene: Scene): Promise<number> {
  const {cluster, screen, stage, check} = scene;
  screen.say();
  screen.say('Step 4. One node is lost, under full traffic: we pull its plug.', 'strong');
  screen.say();
  const fewest = await lose(scene, ['node-1']);
  screen.say(
    'The third web replica waits for a free node rather than make another node hot: that is the rule.',
  );
  tellFewest(screen, fewest);
  screen.say();
  screen.say('We plug node-1 in again.');
  screen.say();
  cluster.recoverNode('node-1');
  await stage.play({speed: SPEED, minutes: RECOVERY_MINUTES, check});
  stage.keepPicture();
  await stage.pause(1000);
  return fewest;
}

async function loseTwo(scene: Scene): Promise<number> {
  scene.screen.say('Step 5. Two of the three nodes are lost at once.', 'strong');
  scene.screen.say();
  const fewest = await lose(scene, ['node-1', 'node-2']);
  tellFewest(scene.screen, fewest);
  return fewest;
}

async function lose({cluster, stage, check}: Scene, nodes: readonly string[]): Promise<number> {
  const fewest = await stage.fewestReady(async () => {
    for (const node of nodes) {
      cluster.failNode(node);
    }
    await stage.play({speed: SPEED, minutes: LOST_MINUTES, check});
  });
  stage.keepPicture();
  return fewest;
}

/** Until the operator says so of both Deployments. */
async function untilSpread(
  {stage, said, check}: Scene,
  isDone: (entry: WorkloadStatus) => boolean,
): Promise<void> {
  const until = () => {
    const {metadata, status} = said.policy ?? {};
    const {workloads = [], observedGeneration} = status ?? {};
    return (
      observedGeneration === metadata?.generation &&
      workloads.length === WORKLOADS &&
      workloads.every((entry) => entry.state === 'Spread' && isDone(entry))
    );
  };
  if (!(await stage.play({speed: 1, minutes: LONGEST_WORK_MINUTES, until, check}))) {
    throw new Error(
      `expected the operator to spread web and ssr within ${LONGEST_WORK_MINUTES} min, found ${JSON.stringify(said.policy?.status?.workloads ?? [])}`,
    );
  }
}

function tellFewest(screen: Screen, fewest: number): void {
  screen.say(`At every moment at least ${fewest} of 3 web replicas worked.`, fewest === 0 ? 'bad' : 'good');
}

function panicked({timeline}: SimulatedCluster): number {
  return timeline.entries.filter(({kind}) => kind === 'NodePanicked').length;
}

/** examples/moonlight/policies.yaml with a shorter pause between moves. */
function applyPolicy({api}: SimulatedCluster, mode: 'Suggest' | 'Apply'): void {
  const example = parse(readPackageFile(EXAMPLE)) as Manifest & {readonly spec: object};
  const spec = {...example.spec, injection: {mode}, eviction: {settleSeconds: SETTLE_SECONDS}};
  const {name} = example.metadata;
  if (api.get(POLICIES, 'moonlight', name) === undefined) {
    loadManifests(api, [{...example, spec}]);
  } else {
    api.update(POLICIES, 'moonlight', name, (policy) => ({...policy, spec}), {actor: 'kubectl'});
  }
}
