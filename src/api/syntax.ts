/**
 * Syntax of the strings in a SpreadPolicy, as regular expressions that mean the same to JavaScript and to the RE2 of
 * the API server: no backslash, so that they can stand in a CEL string literal as they are.
 */

export interface Syntax {
  readonly pattern: string;
  readonly maxLength: number;
  /** Completes "spec.some.field: …". */
  readonly message: string;
}

const labelName = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const subdomain = '[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*';

/** `app`, `kubernetes.io/hostname`: a prefix of at most 253 characters, a name of at most 63. */
export const labelKey = {
  pattern: `^(${subdomain}/)?${labelName}$`,
  maxLength: 253 + 1 + 63,
  message:
    'must be a label key: a name of at most 63 letters, digits, "-", "_" or ".", with or without a DNS prefix, for instance "app" or "kubernetes.io/hostname"',
} as const satisfies Syntax;

export const labelValue = {
  pattern: `^(${labelName})?$`,
  maxLength: 63,
  message:
    'must be a label value: empty, or at most 63 letters, digits, "-", "_" or ".", beginning and ending with a letter or digit',
} as const satisfies Syntax;

function cronField(value: string): string {
  const element = `([*]|${value}(-${value})?)(/[1-9][0-9]?)?`;
  return `${element}(,${element})*`;
}

const minute = '[0-5]?[0-9]';
const hour = '([01]?[0-9]|2[0-3])';
const dayOfMonth = '(0?[1-9]|[12][0-9]|3[01])';
const month = '(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)';
const dayOfWeek = '([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)';

/** `0 1 * * MON-FRI`. */
export const cronSchedule = {
  pattern: `^${[minute, hour, dayOfMonth, month, dayOfWeek].map(cronField).join(' +')}$`,
  maxLength: 100,
  message:
    'must be five cron fields (minute, hour, day of month, month, day of week), for instance "0 1 * * *" or "30 22 * * MON-FRI"',
} as const satisfies Syntax;

/** `4h`, `90m`, `1h30m`: a part of Go's durations, so that CEL's `duration()` reads it too. */
export const windowDuration = {
  pattern: '^([0-9]{1,3}h([0-9]{1,5}m)?|[0-9]{1,5}m)$',
  maxLength: 10,
  message: 'must be hours and minutes, for instance "4h", "90m" or "1h30m"',
} as const satisfies Syntax;

/** `UTC`, `Europe/Berlin`, `America/Argentina/Buenos_Aires`. */
export const timeZone = {
  pattern: '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$',
  maxLength: 64,
  message: 'must be a name of the IANA time zone database, for instance "UTC" or "Europe/Berlin"',
} as const satisfies Syntax;

export function conforms(value: string, syntax: Syntax): boolean {
  return value.length <= syntax.maxLength && new RegExp(syntax.pattern).test(value);
}
