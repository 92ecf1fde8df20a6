/** `kubectl spread`: the command line as one function, from arguments to exit code. */
import {Command, CommanderError} from 'commander';
import type {AddCommand, RunCommand} from './command.ts';
import {addCheckCommand} from './commands/check.ts';
import {addCompletionCommand, answerCompletion} from './commands/completion.ts';
import {addDemoCommand} from './commands/demo.ts';
import {addHelpCommand} from './commands/help.ts';
import {addMapCommand} from './commands/map.ts';
import {addPatchCommand} from './commands/patch.ts';
import {addPlanCommand} from './commands/plan.ts';
import {addReportCommand} from './commands/report.ts';
import {addSimulateCommand} from './commands/simulate.ts';
import {addSnapshotCommand} from './commands/snapshot.ts';
import {addStatusCommand} from './commands/status.ts';
import {COMPLETE} from './completion/scripts.ts';
import {EXIT_CLEAN, EXIT_FAILED, EXIT_INTERRUPTED, InputError} from './failure.ts';
import type {CommandIo} from './io.ts';
import {VERSION} from './version.ts';

/** In the order of `--help`. */
const COMMANDS: readonly AddCommand[] = [
  addDemoCommand,
  addStatusCommand,
  addMapCommand,
  addPlanCommand,
  addPatchCommand,
  addCheckCommand,
  addSimulateCommand,
  addReportCommand,
  addSnapshotCommand,
  addCompletionCommand,
  addHelpCommand,
];

/** Never throws for what a user may do wrong: that is a message on stderr and exit code 2. */
export async function runProgram(args: readonly string[], io: CommandIo): Promise<number> {
  let code = EXIT_CLEAN;
  const run: RunCommand =
    (act) =>
    async (...given) => {
      // Commander gives the arguments, then the options, then the command itself.
      const options = given.at(-2) as never;
      const values = given.slice(0, -2).flat() as string[];
      code = await act(options, io, values);
    };
  const [first, ...words] = args;
  if (first === COMPLETE) {
    return answerCompletion(programOf(io, run), words, io);
  }
  try {
    await programOf(io, run).parseAsync([...args], {from: 'user'});
    return code;
  } catch (error) {
    if (io.signal.aborted) {
      return EXIT_INTERRUPTED;
    }
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT_CLEAN : EXIT_FAILED;
    }
    if (error instanceof InputError) {
      io.stderr.write(`error: ${error.message}\n`);
      return EXIT_FAILED;
    }
    throw error;
  }
}

function programOf(io: CommandIo, run: RunCommand): Command {
  const program = new Command('kubectl spread')
    .description(
      'Tells where the replicas of Deployments sit, what would move them apart, and what the loss of a node or a load peak would do.',
    )
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(add --help for more)')
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.width ?? 80,
      getErrHelpWidth: () => io.stderr.width ?? 80,
      getOutHasColors: () => io.stdout.hasColors,
      getErrHasColors: () => io.stderr.hasColors,
    });
  for (const addCommand of COMMANDS) {
    addCommand(program, run);
  }
  program.addHelpText(
    'after',
    '\n`kubectl spread operator` runs the operator itself on this machine, with your rights; it has a --help of its own.',
  );
  return program;
}
