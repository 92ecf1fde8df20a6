// npm run cluster: a control plane to try things on by hand.
import {join} from 'node:path';

import {Command, InvalidArgumentError, Option} from 'commander';

import {ControlPlane, type ControlPlaneKind} from './control-plane.ts';
import {installCustomResources} from './custom-resources.ts';
import type {RunningControlPlane} from './running-control-plane.ts';

interface Options {
  nodes: number;
  zones: number;
  cpu: string;
  memory: string;
  kind: ControlPlaneKind;
  podStartMs: number;
  podStopMs: number;
  keep: boolean;
}

const program = new Command('npm run cluster --')
  .description(
    'Starts a real Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager, kube-scheduler) with ' +
      'simulated nodes, installs the CustomResourceDefinitions of crds/, and prints how to use it. ' +
      'Everything listens on 127.0.0.1 only. Ctrl-C stops it and removes its state.',
  )
  .option('--nodes <count>', 'how many simulated nodes', wholeNumber, 3)
  .option('--zones <count>', 'spread the nodes over this many zones; 0 sets no zone labels', wholeNumber, 0)
  .option('--cpu <quantity>', 'allocatable CPU of each node', '4')
  .option('--memory <quantity>', 'allocatable memory of each node', '16Gi')
  .addOption(
    new Option(
      '--kind <kind>',
      'the components as processes or in containers (needs a Docker engine), or the simulated cluster',
    )
      .choices(['process', 'container', 'simulated'])
      .default('process'),
  )
  .option('--pod-start-ms <milliseconds>', 'time from a binding to a Ready pod', wholeNumber, 1000)
  .option('--pod-stop-ms <milliseconds>', 'time from a deletion to the end of the pod', wholeNumber, 500)
  .option('--keep', 'leave the logs and the state behind', false)
  .addHelpText(
    'after',
    `
Environment:
  SPREAD_OPERATOR_CACHE  where the programs are kept that the first start builds with Go (≥ 1.26, some 5 minutes);
                         default: \${XDG_CACHE_HOME:-~/.cache}/spread-operator

Examples:
  npm run cluster
  npm run cluster -- --nodes 6 --zones 3 --cpu 8 --memory 32Gi`,
  )
  .showHelpAfterError()
  .parse();

try {
  await run(program.opts<Options>());
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}

async function run(options: Options): Promise<void> {
  const {promise: interrupted, resolve: interrupt} = Promise.withResolvers<void>();
  let impatient = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (impatient) {
        // The second time: leave the rest to the guard.
        process.exit(130);
      }
      impatient = true;
      interrupt();
    });
  }

  console.error(`Starting a control plane with ${options.nodes} nodes …`);
  const starting = new ControlPlane({
    kind: options.kind,
    nodes: options.nodes,
    zones: options.zones,
    cpu: options.cpu,
    memory: options.memory,
    podStartMilliseconds: options.podStartMs,
    podStopMilliseconds: options.podStopMs,
    ...(options.keep ? {keep: true} : {}),
  }).start();
  const cluster = await Promise.race([starting, interrupted.then(() => undefined)]);
  if (cluster === undefined) {
    // Interrupted before it was up: the guard clears up after this process.
    process.exit(130);
  }
  try {
    const installed = await installCustomResources(cluster);
    console.error(`Installed: ${installed.join(', ')}`);
    printInstructions(cluster);
    // Signals alone do not keep a Node process alive.
    const heartbeat = setInterval(() => {}, 60_000);
    await interrupted;
    clearInterval(heartbeat);
    console.error('Stopping …');
  } finally {
    await cluster.stop();
  }
}

/** What a shell needs goes to stdout, so that it can be pasted (or read by a script); the rest goes to stderr. */
function printInstructions(cluster: RunningControlPlane): void {
  console.error(`\nThe API server answers at ${cluster.server}. In another terminal:\n`);
  console.log(`export KUBECONFIG=${cluster.kubeconfigPath}`);
  console.log(`export PATH=${cluster.binaryDirectory}:$PATH   # kubectl`);
  console.error(`
For example:
  kubectl get nodes -L topology.kubernetes.io/zone
  npm run operator
Logs of the components, and the audit log: ${join(cluster.directory, 'logs')}
Ctrl-C here stops everything and removes the state.`);
}

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) {
    throw new InvalidArgumentError('It must be a whole number.');
  }
  return Number(value);
}
