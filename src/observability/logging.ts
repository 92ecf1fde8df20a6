/** The process's log: winston behind the Log interface; human lines on a terminal, JSON lines otherwise. */
import winston from 'winston';
import type {Log} from '../log.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggingOptions {
  readonly level?: LogLevel;
  /** `auto`: by whether the stream is a terminal. */
  readonly format?: 'auto' | 'human' | 'json';
  readonly stream?: NodeJS.WritableStream & {isTTY?: boolean};
}

/** Fields that every line of a part of the program carries are given with `child`. */
export interface ProcessLog extends Log {
  child(meta: Record<string, unknown>): ProcessLog;
}

export function createLog(options: LoggingOptions = {}): ProcessLog {
  const {level = 'info', format = 'auto', stream = process.stderr} = options;
  const isHuman = format === 'human' || (format === 'auto' && stream.isTTY === true);
  const logger = winston.createLogger({
    level,
    format: isHuman ? humanFormat(stream.isTTY === true) : jsonFormat(),
    transports: [new winston.transports.Stream({stream})],
  });
  return wrap(logger, {});
}

function wrap(logger: winston.Logger, fixed: Record<string, unknown>): ProcessLog {
  const write =
    (level: LogLevel) =>
    (message: string, meta: Record<string, unknown> = {}) => {
      // One field of winston's own, so that no key of ours (message, level) can overwrite the line's.
      logger.log({level, message, meta: {...fixed, ...meta}});
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (meta) => wrap(logger, {...fixed, ...meta}),
  };
}

interface Line {
  level: string;
  message: unknown;
  meta?: Record<string, unknown>;
}

function jsonFormat(): winston.Logform.Format {
  return winston.format.printf((line) => {
    const {level, message, meta = {}} = line as Line;
    // Time, level and message last: they win over fields of the same name, but come first to the eye.
    const head = {time: new Date().toISOString(), level, message};
    return JSON.stringify({...head, ...meta, ...head}, jsonValue);
  });
}

const COLOURS: Readonly<Record<string, number>> = {debug: 90, info: 32, warn: 33, error: 31};

function humanFormat(colour: boolean): winston.Logform.Format {
  const paint = (code: number, text: string) => (colour ? `\u001B[${code}m${text}\u001B[0m` : text);
  return winston.format.printf((line) => {
    const {level, message, meta = {}} = line as Line;
    const time = new Date().toISOString().slice(11, 23);
    const fields = Object.entries(meta)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${paint(90, `${name}=`)}${humanValue(value)}`);
    const name = paint(COLOURS[level] ?? 0, level.toUpperCase().padEnd(5));
    return `${paint(90, `${time}Z`)} ${name} ${String(message)}${fields.join('')}`;
  });
}

function humanValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  if (value instanceof Error) return JSON.stringify(value.message);
  return JSON.stringify(value, jsonValue) ?? String(value);
}

/** What JSON.stringify would lose or choke on. */
function jsonValue(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.message;
  if (value instanceof Map) return Object.fromEntries(value as Map<string, unknown>);
  if (value instanceof Set) return [...(value as Set<unknown>)];
  return typeof value === 'bigint' ? String(value) : value;
}
