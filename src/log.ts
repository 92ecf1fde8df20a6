/** What the code asks of a logger: a static message, and an object that names what it is about. */
export interface Log {
  debug(message: string, meta?: Record<string, unknown>): void;
  info(message: string, meta?: Record<string, unknown>): void;
  warn(message: string, meta?: Record<string, unknown>): void;
  error(message: string, meta?: Record<string, unknown>): void;
}

export const SILENT: Log = {debug: () => {}, info: () => {}, warn: () => {}, error: () => {}};
