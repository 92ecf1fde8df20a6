// npm run demo: the main job, shown on a real control plane. The parts are in demo/.
import {Command} from 'commander';

import {ensureBinaries} from './binaries.ts';
import {ControlPlane} from './control-plane.ts';
import {Observer} from './demo/observer.ts';
import {OperatorProcess} from './demo/operator-process.ts';
import {Screen} from './demo/screen.ts';
import {type Outcome, prepare, stories, tell} from './demo/stories.ts';
import type {RunningControlPlane} from './running-control-plane.ts';

const program = new Command('npm run demo --')
  .description(
    'Starts a real Kubernetes control plane with three simulated nodes, piles the replicas of two Deployments up on ' +
      'one node, starts the operator, and shows how each of the two is spread and why each step is taken. Changes ' +
      'nothing outside of itself: everything listens on 127.0.0.1, and is gone at the end.',
  )
  .option('--keep', 'leave everything running at the end, and print kubectl commands to try', false)
  .addHelpText(
    'after',
    `
The first run builds the control plane with Go (≥ 1.26), which takes some 5 minutes; later runs take about half a minute.

Environment:
  SPREAD_OPERATOR_CACHE  where the built programs are kept; default: \${XDG_CACHE_HOME:-~/.cache}/spread-operator
  NO_COLOR               when set, no colours`,
  )
  .showHelpAfterError()
  .parse();

const screen = new Screen(process.stdout);
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Twice is common: a terminal and npm both pass Ctrl-C on. Cleaning up takes a second or two either way.
  process.on(signal, () => interrupted.abort());
}

try {
  process.exitCode = await run(program.opts<{keep: boolean}>());
} catch (error) {
  screen.end();
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}
// A start that was interrupted half-way has left timers and sockets; the guard of the control plane clears up.
process.exit();

async function run({keep}: {keep: boolean}): Promise<number> {
  const cluster = await unlessInterrupted(startCluster());
  if (cluster === undefined) {
    return 130;
  }
  let operator: OperatorProcess | undefined;
  try {
    screen.say(
      'Piling up: node-2 and node-3 are cordoned while the Deployments scale up, and uncordoned again.',
    );
    await prepare(cluster);
    operator = await OperatorProcess.start(cluster);
    const observer = new Observer(cluster, screen);
    const outcomes: Outcome[] = [];
    for (const [index, story] of stories.entries()) {
      screen.heading(`${index + 1} of ${stories.length}: ${story.title}`);
      outcomes.push(await tell(story, cluster, observer, screen, interrupted.signal));
    }
    screen.end();
    printSummary(outcomes);
    if (keep) {
      printInvitation(cluster, operator);
      await observer.followUntil(() => false, interrupted.signal);
    }
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) {
      return 130;
    }
    throw new Error(`${(error as Error).message}${operator?.lastWords() ?? ''}`, {cause: error});
  } finally {
    screen.end();
    console.error('Stopping …');
    await operator?.stop();
    await cluster.stop();
  }
}

async function startCluster(): Promise<RunningControlPlane> {
  screen.say('The demo runs on a real Kubernetes control plane with simulated nodes.');
  try {
    await ensureBinaries();
  } catch (error) {
    throw new Error(
      `${(error as Error).message}\nThen run npm run demo again. (A demo that needs no Go is still to come.)`,
      {cause: error},
    );
  }
  screen.say('Starting etcd, kube-apiserver, kube-controller-manager, kube-scheduler and three nodes …');
  return await new ControlPlane({nodes: 3}).start();
}

async function unlessInterrupted<T>(promise: Promise<T>): Promise<T | undefined> {
  const {promise: abort, resolve} = Promise.withResolvers<undefined>();
  interrupted.signal.addEventListener('abort', () => resolve(undefined));
  return await Promise.race([promise, abort]);
}

function printSummary(outcomes: readonly Outcome[]): void {
  screen.heading('Summary');
  const rows = outcomes.map(({name, before, after, evictions, rollouts, lowestReady, replicas, seconds}) => [
    name,
    before,
    after,
    String(evictions),
    String(rollouts),
    `${lowestReady} of ${replicas}`,
    seconds.toFixed(0),
  ]);
  screen.table(['Deployment', 'before', 'after', 'evictions', 'rollouts', 'lowest Ready', 'seconds'], rows);
}

function printInvitation(cluster: RunningControlPlane, operator: OperatorProcess): void {
  screen.say(`
Everything stays up until Ctrl-C. In another terminal:

  export KUBECONFIG=${cluster.kubeconfigPath}
  export PATH=${cluster.binaryDirectory}:$PATH   # kubectl

  kubectl get spread --namespace shop
  kubectl describe spread api --namespace shop
  kubectl explain spreadpolicy.spec.eviction

Pile replicas up again, and watch this terminal:

  kubectl cordon node-2 node-3
  kubectl scale deployment web --namespace shop --replicas 6
  kubectl uncordon node-2 node-3

The operator's log: ${operator.logFile}
`);
}
