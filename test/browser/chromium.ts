/** The browser of this machine, for tests of pages. */
import {existsSync} from 'node:fs';
import {delimiter, join} from 'node:path';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** SPREAD_OPERATOR_CHROMIUM, or the first one on the PATH; undefined where there is none. */
export function chromiumPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return (
    process.env['SPREAD_OPERATOR_CHROMIUM'] ??
    PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program))).find((path) =>
      existsSync(path),
    )
  );
}
