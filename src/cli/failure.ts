/** How a command ends: the exit codes that scripts and pipelines rely on, and what leads to them. */

export const EXIT_CLEAN = 0;
/** The command worked, and found something. */
export const EXIT_FINDINGS = 1;
/** Nothing was answered: wrong usage, unreadable input, no cluster. */
export const EXIT_FAILED = 2;
/** As a shell reports Ctrl-C. */
export const EXIT_INTERRUPTED = 130;

/**
 * Input that cannot be used. The message is all that the user sees: it names the object or file, what was expected,
 * what was found and what to do.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}
