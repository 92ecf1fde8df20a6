/** `kubectl spread completion`: the shell completes commands, options and their values. */
import {Argument, type Command} from 'commander';
import type {AddCommand} from '../command.ts';
import {complete} from '../completion/candidates.ts';
import {DIRECTIVES, SCRIPTS} from '../completion/scripts.ts';
import {EXIT_CLEAN} from '../failure.ts';
import type {CommandIo} from '../io.ts';

export const addCompletionCommand: AddCommand = (program, run) => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .summary('what a shell has to be told to complete commands and options')
    .description(
      'Prints a script that makes a shell complete the commands and options of kubectl-spread; with `kubectl`, what kubectl needs to complete those of `kubectl spread`.',
    )
    .addHelpText(
      'after',
      `
Examples:
  source <(kubectl-spread completion bash)              in ~/.bashrc
  source <(kubectl-spread completion zsh)               in ~/.zshrc
  kubectl-spread completion fish | source               in ~/.config/fish/config.fish
  kubectl-spread completion kubectl > ~/bin/kubectl_complete-spread && chmod +x ~/bin/kubectl_complete-spread`,
    )
    .action(
      run(async (_options, io, [shell]) => {
        io.stdout.write(SCRIPTS[shell as keyof typeof SCRIPTS]);
        return EXIT_CLEAN;
      }),
    );
};

/** Answers a script of the above: a candidate a line, and in the end what else the shell may offer. */
export function answerCompletion(program: Command, words: readonly string[], {stdout}: CommandIo): number {
  const {candidates, isFile} = complete(program, words);
  for (const {word, description} of candidates) {
    stdout.write(description === '' ? `${word}\n` : `${word}\t${description}\n`);
  }
  stdout.write(`${isFile ? DIRECTIVES.files : DIRECTIVES.noFiles}\n`);
  return EXIT_CLEAN;
}
