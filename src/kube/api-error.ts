/** What goes wrong between us and an API server: an answer that says no, or no answer at all. */

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export interface Status {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: StatusDetails;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly StatusCause[];
}

/** In JSON the type of a cause is called `reason`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface ApiErrorOptions {
  readonly code: number;
  readonly status?: Status | undefined;
  readonly method: string;
  readonly path: string;
  readonly retryAfterSeconds?: number | undefined;
}

/** The API server answered, and the answer is an error. Carries what the Status says, never raw body or headers. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  /** `NotFound`, `Conflict`, `Expired`…; empty when what answered was not an API server (a proxy's 502). */
  readonly reason: string;
  readonly details: StatusDetails;
  readonly retryAfterSeconds: number | undefined;
  readonly method: string;
  /** Without the query. */
  readonly path: string;

  constructor({code, status, method, path, retryAfterSeconds}: ApiErrorOptions) {
    super(status?.message ?? `HTTP ${code}, without a Kubernetes Status`);
    this.code = code;
    this.reason = status?.reason ?? '';
    this.details = status?.details ?? {};
    this.retryAfterSeconds = retryAfterSeconds ?? status?.details?.retryAfterSeconds;
    this.method = method;
    this.path = path;
  }

  hasCause(reason: string): boolean {
    return this.details.causes?.some((cause) => cause.reason === reason) ?? false;
  }
}

/** No (complete) answer: refused, reset, timed out. Whether the request took effect is unknown. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly timedOut: boolean;
  readonly method: string;
  readonly path: string;

  constructor(
    message: string,
    options: {method: string; path: string; timedOut?: boolean; cause?: unknown; server?: string},
  ) {
    super(message, {cause: options.cause});
    this.timedOut = options.timedOut ?? false;
    this.method = options.method;
    this.path = options.path;
  }
}

const hasCode = (error: unknown, code: number): error is ApiError =>
  error instanceof ApiError && error.code === code;

export const isNotFound = (error: unknown): error is ApiError => hasCode(error, 404);

export const isUnauthorized = (error: unknown): error is ApiError => hasCode(error, 401);

export const isForbidden = (error: unknown): error is ApiError => hasCode(error, 403);

export const isConflict = (error: unknown): error is ApiError => hasCode(error, 409);

export const isAlreadyExists = (error: unknown): error is ApiError =>
  isConflict(error) && error.reason === 'AlreadyExists';

export const isTooManyRequests = (error: unknown): error is ApiError => hasCode(error, 429);

/** The resourceVersion or continue token is too old: list again. */
export const isExpired = (error: unknown): error is ApiError =>
  error instanceof ApiError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone');

/** The server's history ends before our resourceVersion, as after a restore of etcd: list again. */
export const isTooLargeResourceVersion = (error: unknown): error is ApiError =>
  error instanceof ApiError &&
  // Servers before 1.20 send only the message (client-go's isTooLargeResourceVersionError).
  (error.hasCause('ResourceVersionTooLarge') || /Too large resource version/.test(error.message));

export const isTimeout = (error: unknown): error is ApiError | ConnectionError =>
  (error instanceof ConnectionError && error.timedOut) ||
  (error instanceof ApiError && (error.code === 504 || error.reason === 'Timeout'));

/** One line for a log: what was asked, and what came back. */
export function describeError(error: unknown): string {
  if (error instanceof ApiError) {
    const code = error.reason === '' ? String(error.code) : `${error.code} ${error.reason}`;
    return `${error.method} ${error.path}: ${error.message} (${code})`;
  }
  return error instanceof Error ? error.message : String(error);
}
