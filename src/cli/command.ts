import type {Command} from 'commander';
import type {CommandIo} from './io.ts';

/** Adds one command to the program; `run` makes commander's action of what the command does. */
export type AddCommand = (program: Command, run: RunCommand) => void;

/**
 * The act gets the options, of the type that the command's own options make, and the arguments where the command has
 * some; it resolves to the exit code.
 */
export type RunCommand = (
  act: (options: never, io: CommandIo, args: readonly string[]) => Promise<number>,
) => (...given: unknown[]) => Promise<void>;
