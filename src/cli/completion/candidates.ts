/** What may come next on the command line, by the program's own commands and options. Pure. */
import type {Argument, Command, Option} from 'commander';

export interface Candidate {
  readonly word: string;
  readonly description: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether the name of a file may come next. */
  readonly isFile: boolean;
}

const NOTHING: Completion = {candidates: [], isFile: false};
const FILES: Completion = {candidates: [], isFile: true};
/** How options name values that are paths. */
const PATH = /<(?:file|directory)/;

/** @param words after the name of the program; the last one is what has been typed so far, perhaps nothing */
export function complete(program: Command, words: readonly string[]): Completion {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const {command, operands, pending} = read(program, before);
  const [flag = '', value] = /^--[^=]+=/.test(typed) ? split(typed) : [''];
  const option = value === undefined ? pending : command.options.find(({long}) => long === flag);
  if (option !== undefined) {
    return starting(valuesOf(option), value ?? typed, value === undefined ? '' : `${flag}=`);
  }
  if (typed.startsWith('-')) {
    const options = command.options.filter(({hidden}) => !hidden);
    const candidates = options.map(({long, short, description}) => ({
      word: long ?? short ?? '',
      description,
    }));
    return starting({candidates: [...candidates, HELP], isFile: false}, typed);
  }
  const commands = command.commands.map((each) => ({word: each.name(), description: each.summary()}));
  const argument = command.registeredArguments[operands] ?? command.registeredArguments.at(-1);
  return starting(
    commands.length > 0 && operands === 0 ? {candidates: commands, isFile: false} : ofArgument(argument),
    typed,
  );
}

const HELP: Candidate = {word: '--help', description: 'display help for command'};

interface Position {
  readonly command: Command;
  /** Words that were neither commands nor options. */
  readonly operands: number;
  /** The option whose value is being typed. */
  readonly pending?: Option;
}

function read(program: Command, words: readonly string[]): Position {
  let command = program;
  let operands = 0;
  let pending: Option | undefined;
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined;
      continue;
    }
    if (word.startsWith('-') && word !== '-') {
      const option = command.options.find(({long, short}) => long === word || short === word);
      pending = option?.required === true ? option : undefined;
      continue;
    }
    const next = operands === 0 ? command.commands.find((each) => each.name() === word) : undefined;
    if (next === undefined) {
      operands += 1;
    } else {
      command = next;
    }
  }
  return {command, operands, ...(pending === undefined ? {} : {pending})};
}

function valuesOf({argChoices, flags}: Option): Completion {
  if (argChoices !== undefined) {
    return {candidates: argChoices.map((word) => ({word, description: ''})), isFile: false};
  }
  return PATH.test(flags) ? FILES : NOTHING;
}

function ofArgument(argument: Argument | undefined): Completion {
  const choices = argument?.argChoices ?? [];
  return {candidates: choices.map((word) => ({word, description: ''})), isFile: false};
}

function starting({candidates, isFile}: Completion, typed: string, prefix = ''): Completion {
  return {
    candidates: candidates
      .filter(({word}) => word.startsWith(typed))
      .map((each) => ({...each, word: `${prefix}${each.word}`})),
    isFile,
  };
}

function split(typed: string): [string, string] {
  const at = typed.indexOf('=');
  return [typed.slice(0, at), typed.slice(at + 1)];
}
