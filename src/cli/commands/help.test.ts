import {describe, expect, it} from '@jest/globals';
import {runCli} from '../testing/run-cli.ts';

const UNKNOWN =
  "error: unknown command 'stauts'; there are: demo, status, map, plan, patch, check, simulate, report, snapshot, completion, help, operator (add --help for more)\n";

describe('cli/commands/help', () => {
  it('shows what a command does', async () => {
    const {code, stdout} = await runCli(['help', 'status']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: kubectl spread status \[options\]/);
  });

  it('shows all commands, itself among them', async () => {
    const {code, stdout} = await runCli(['help']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: kubectl spread \[options\] \[command\]/);
    expect(stdout).toMatch(/\n +help \[command\] +display help for command\n/);
  });

  it.each([['stauts'], ['help', 'stauts'], ['stauts', '-n', 'shop']])(
    'says of a command that there is not which there are: %s %s',
    async (...args) => {
      const {code, stdout, stderr} = await runCli(args);

      expect(code).toBe(2);
      expect(stderr).toBe(UNKNOWN);
      expect(stdout).toBe('');
    },
  );

  it('sends whoever asks about the operator to its own help', async () => {
    const {code, stderr} = await runCli(['help', 'operator']);

    expect(code).toBe(2);
    expect(stderr).toContain('`kubectl spread operator --help`');
  });

  it('completes the names of commands', async () => {
    const {stdout} = await runCli(['__complete', 'help', 'st']);

    expect(stdout).toMatch(/^status\n/);
  });
});
