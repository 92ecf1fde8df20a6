import type {Log} from '../../log.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly meta: Record<string, unknown>;
}

/** Keeps what is logged, for a test to read. */
export class MemoryLog implements Log {
  readonly lines: LogLine[] = [];

  debug(message: string, meta: Record<string, unknown> = {}): void {
    this.lines.push({level: 'debug', message, meta});
  }

  info(message: string, meta: Record<string, unknown> = {}): void {
    this.lines.push({level: 'info', message, meta});
  }

  warn(message: string, meta: Record<string, unknown> = {}): void {
    this.lines.push({level: 'warn', message, meta});
  }

  error(message: string, meta: Record<string, unknown> = {}): void {
    this.lines.push({level: 'error', message, meta});
  }

  messages(level: LogLine['level']): string[] {
    return this.lines.filter((line) => line.level === level).map(({message}) => message);
  }
}
