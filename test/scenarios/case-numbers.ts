/** How much a property test draws: little in each run, more where somebody asks for it by an environment variable. */
export function caseNumber(variable: string, usual: number): number {
  const value = Number(process.env[variable] ?? usual);
  if (!Number.isInteger(value) || value < 0) {
    throw new Error(`${variable}: expected a whole number, found "${process.env[variable]}"`);
  }
  return value;
}

/** What a property test has found is as much worth knowing as that it holds. */
export function tell(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
