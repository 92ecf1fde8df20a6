/** `kubectl spread help`, and what is said of a command that there is not. */
import {Argument, type Command} from 'commander';
import type {AddCommand} from '../command.ts';
import {InputError} from '../failure.ts';

/** Runs before the command line is read, as it has flags of its own (main.ts). */
const OPERATOR = 'operator';

/** To be added last: it knows the commands that are there. */
export const addHelpCommand: AddCommand = (program) => {
  const names = namesOf(program);
  program
    // Commander's own one is silent about a command that there is not.
    .helpCommand(false)
    .on('command:*', ([name = '']: readonly string[]) => {
      throw unknownCommand(program, name);
    })
    .command('help')
    .summary('display help for command')
    .description('Displays help for a command.')
    .addArgument(
      new Argument('[command]', 'of which; default: all of them')
        .choices(names)
        // The action says it better.
        .argParser(String),
    )
    .action((name?: string) => {
      if (name === undefined) {
        return program.help();
      }
      const command = program.commands.find((each) => each.name() === name);
      if (command === undefined) {
        throw unknownCommand(program, name);
      }
      return command.help();
    });
};

function unknownCommand(program: Command, name: string): InputError {
  return new InputError(
    name === OPERATOR
      ? 'help operator: the operator has flags and a help of its own: `kubectl spread operator --help`'
      : `unknown command '${name}'; there are: ${[...namesOf(program), OPERATOR].join(', ')} (add --help for more)`,
  );
}

function namesOf(program: Command): string[] {
  return program.commands.map((command) => command.name());
}
