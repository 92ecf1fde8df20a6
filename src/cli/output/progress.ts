/** What a long command is at, in one line of the terminal's stderr that is written over and gone in the end. */
import type {CommandIo} from '../io.ts';

const CLEAR_LINE = '\r\u001B[K';
/** Milliseconds. Quick commands show nothing, and slow ones do not flicker. */
const BEFORE_THE_FIRST = 300;
const BETWEEN = 100;

export class Progress {
  readonly #io: Pick<CommandIo, 'stderr' | 'clock'>;
  #nextAt: number;
  #isShown = false;

  constructor(io: Pick<CommandIo, 'stderr' | 'clock'>) {
    this.#io = io;
    this.#nextAt = io.clock.now() + BEFORE_THE_FIRST;
  }

  /** Cheap enough for an inner loop when the text is: nothing happens but a few times a second. */
  tell(text: () => string): void {
    const {stderr, clock} = this.#io;
    if (!stderr.isTerminal || clock.now() < this.#nextAt) {
      return;
    }
    // A line that the terminal breaks could not be written over.
    const line = text().slice(0, (stderr.width ?? 80) - 1);
    stderr.write(`${CLEAR_LINE}${line}`);
    this.#isShown = true;
    this.#nextAt = clock.now() + BETWEEN;
  }

  /** To be called before anything else is printed, also when the command fails. */
  clear(): void {
    if (this.#isShown) {
      this.#io.stderr.write(CLEAR_LINE);
      this.#isShown = false;
    }
  }
}

/** Runs the act with a progress line that is gone when it ends, however it ends. */
export async function withProgress<T>(
  io: Pick<CommandIo, 'stderr' | 'clock'>,
  act: (progress: Progress) => T | Promise<T>,
): Promise<T> {
  const progress = new Progress(io);
  try {
    return await act(progress);
  } finally {
    progress.clear();
  }
}
