/** What a command may touch besides a cluster. Tests give their own, so that a command is one function call. */
import type {Clock} from '../clock.ts';

export interface CommandIo {
  readonly stdout: Output;
  readonly stderr: Output;
  /** The whole standard input, for `-f -`. */
  readonly stdin: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here. */
  readonly directory: string;
  readonly clock: Clock;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Columns of the terminal; undefined where there is none. */
  readonly width: number | undefined;
  readonly hasColors: boolean;
}
