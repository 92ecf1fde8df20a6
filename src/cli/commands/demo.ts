/** `kubectl spread demo`: the outage that the project exists for, on a simulated cluster. */
import type {AddCommand} from '../command.ts';
import {EXIT_CLEAN, EXIT_FAILED, EXIT_INTERRUPTED} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {calledAs, commandToStart} from '../this-program.ts';

interface DemoCommandOptions {
  readonly keep: boolean;
}

export const addDemoCommand: AddCommand = (program, run) => {
  program
    .command('demo')
    .summary('the outage that this exists for, replayed without and with the operator')
    .description(
      'Shows in about a minute what spread-operator is for: an outage on a simulated Kubernetes cluster, first without the operator, then with it. Needs no cluster, listens on 127.0.0.1 only, and leaves nothing behind.',
    )
    .option('--keep', 'at the end, leave a cluster with the operator up, for kubectl', false)
    .addHelpText(
      'after',
      `
Examples:
  kubectl spread demo
  kubectl spread demo --keep`,
    )
    .action(run((options: DemoCommandOptions, io) => showDemo(options, io)));
};

async function showDemo({keep}: DemoCommandOptions, {stdout, stderr, env}: CommandIo): Promise<number> {
  // A whole cluster, which the other commands need not load.
  const {runDemo} = await import('../../simulator/demo/demo.ts');
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Twice is common: a terminal and npm both pass Ctrl-C on, and the operator has to be ended.
    process.on(signal, () => interrupted.abort());
  }
  try {
    await runDemo({
      keep,
      output: stdout,
      signal: interrupted.signal,
      name: calledAs('demo', env),
      operator: commandToStart('operator'),
    });
    return EXIT_CLEAN;
  } catch (error) {
    if (interrupted.signal.aborted) {
      return EXIT_INTERRUPTED;
    }
    stderr.write(`\nThe demo has failed: ${(error as Error).message}\n`);
    return EXIT_FAILED;
  }
}
