/** The demo: the outage of examples/moonlight, without the operator and with it, on a simulated cluster. */
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Output} from '../../cli/io.ts';
import {readPackageFile} from '../../package-files.ts';
import {ApiFace} from '../http/api-face.ts';
import {type After, type Running, tellAfter} from './after.ts';
import {type Before, tellBefore} from './before.ts';
import {moonlight} from './moonlight.ts';
import {OperatorNews} from './operator-news.ts';
import {OperatorProcess} from './operator-process.ts';
import {Screen, table} from './screen.ts';
import {Stage} from './stage.ts';
import {asMinutes, listWords} from './words.ts';

/** How old moonlight()'s cluster is when it is at rest, and a little more. */
const AGE_MILLISECONDS = 100_000;
const DAY_MINUTES = 1440;

export interface DemoOptions {
  /** At the end, leaves a cluster with the operator up until the signal. */
  readonly keep: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** How the user started this demo, to be told how to go on. */
  readonly name: string;
  /** Starts the operator: a program and its first arguments. */
  readonly operator: readonly [string, ...string[]];
}

/** Rejects when it is interrupted, or when the operator does not do what is told of it. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const screen = new Screen(options.output);
  try {
    await tell(options, screen);
  } finally {
    screen.end();
  }
}

async function tell({keep, signal, name, operator}: DemoOptions, screen: Screen): Promise<void> {
  screen.heading('spread-operator: the outage that it exists for');
  screen.say(
    'In January 2019 the site Moonlight failed for days. It ran three copies of its web application on three ' +
      'Kubernetes nodes (machines), so that two nodes may fail. But at times all three copies shared one node.',
  );
  screen.say(
    'You will see it twice on a simulated cluster: without the operator, then with it. What is known of the outage ' +
      'and what is chosen here (such as the load) stands in examples/moonlight/workloads.yaml.',
    'dim',
  );
  const before = await tellBefore(screen, signal);
  const after = await withRunning(operator, (running) => tellAfter(running, screen, signal));
  tellSummary(screen, before, after);
  if (keep) {
    await withRunning(operator, (running) => keepRunning(running, screen, signal));
  } else {
    screen.say();
    screen.say('To go on:', 'strong');
    screen.lines(
      table([
        [`${name} --keep`, 'leave a cluster with the operator up at the end, for kubectl'],
        ['README.md', 'install it, write a policy of your own'],
      ]),
    );
  }
}

/** A cluster at rest on real time, and the operator on it; both end with the act. */
async function withRunning<T>(
  command: DemoOptions['operator'],
  act: (running: Running) => Promise<T>,
): Promise<T> {
  const cluster = moonlight({start: Date.now() - AGE_MILLISECONDS});
  cluster.advance(Date.now() - cluster.now);
  const directory = await mkdtemp(join(tmpdir(), 'spread-operator-demo-'));
  const face = await ApiFace.start({
    api: cluster.api,
    usage: {
      node: (name) => cluster.nodeMetrics(name),
      pod: (namespace, name) => cluster.podMetrics(namespace, name),
    },
  });
  const kubeconfig = join(directory, 'kubeconfig');
  await face.writeKubeconfig(kubeconfig);
  const policies = join(directory, 'policies.yaml');
  await writeFile(policies, readPackageFile('examples/moonlight/policies.yaml'));
  const operator = await OperatorProcess.start(command, {cluster, face, directory});
  try {
    return await act({cluster, face, operator, kubeconfig, policies});
  } finally {
    await operator.stop();
    await face.stop();
    await rm(directory, {recursive: true, force: true});
  }
}

function tellSummary(screen: Screen, before: Before, after: After): void {
  const ofThree = (count: number) => `${count} of 3 web work`;
  const never = (isDown: boolean) => (isDown ? 'for a while' : 'never');
  screen.heading('Summary');
  screen.lines(
    table([
      ['', 'without', 'with spread-operator'],
      [
        'the same traffic',
        `all ${before.deadNodes} nodes dead at ${asMinutes(before.milliseconds)}`,
        after.deadUnderLoad === 0 ? 'no node dies' : `${after.deadUnderLoad} nodes die`,
      ],
      ['Service web gone', before.outages.get('web') ?? '', never(after.webDown)],
      ['Service ssr gone', before.outages.get('ssr') ?? '', never(after.ssrDown)],
      ['while replicas move', '', `at least ${ofThree(after.whileMoving)}`],
      ['one node lost', 'the others follow', `at least ${ofThree(after.oneLost)}`],
      ['two nodes lost', '', `at least ${ofThree(after.twoLost)}`],
      ['nodes that die of it', '', after.deadAfterLosses === 0 ? 'none' : `${after.deadAfterLosses}`],
    ]),
  );
  if (after.redisDown.length > 0) {
    screen.say();
    screen.say(
      `Service redis was gone with its node (${listWords(after.redisDown)}), until Kubernetes replaced it: it has one replica, and one cannot be spread.`,
      'dim',
    );
  }
}

async function keepRunning(
  {cluster, kubeconfig, policies, operator}: Running,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  screen.heading('For you to try');
  screen.say(
    'A fresh cluster as it was before part 2, on real time, with the operator beside it. It stays up until Ctrl-C. In another terminal:',
  );
  screen.lines([
    '',
    `  export KUBECONFIG=${kubeconfig}`,
    '  kubectl get pods --namespace moonlight --output wide',
    `  kubectl apply -f ${policies}   # spread them`,
    '  kubectl get spread --namespace moonlight',
    '  kubectl describe spread one-per-node --namespace moonlight',
    '',
    '  kubectl label node node-1 spread-operator.test/failed=true   # pull its plug',
    '  kubectl label node node-1 spread-operator.test/failed-       # plug it in again',
    '',
    `  The operator's log: ${operator.logFile}`,
    '',
  ]);
  const stage = new Stage(cluster, screen, signal, new OperatorNews(cluster));
  stage.catchUp();
  try {
    await stage.play({speed: 1, minutes: DAY_MINUTES, check: () => operator.assertRunning()});
  } catch (error) {
    // Ctrl-C is how it is meant to end.
    if (!signal.aborted) {
      throw error;
    }
  }
}
