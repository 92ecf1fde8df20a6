import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {SCRIPTS} from '../completion/scripts.ts';
import {runCli} from '../testing/run-cli.ts';

describe('cli/commands/completion', () => {
  async function complete(...words: readonly string[]): Promise<string[]> {
    const {code, stdout} = await runCli(['__complete', ...words]);
    return code === 0
      ? stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.split('\t')[0] ?? '')
      : [];
  }

  it.each([
    [['sta'], ['status', ':4']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', 'kubectl', ':4'],
    ],
    [
      ['status', '--al'],
      ['--all-namespaces', ':4'],
    ],
    [
      ['status', '-o', ''],
      ['json', 'yaml', ':4'],
    ],
    [
      ['status', '--output=y'],
      ['--output=yaml', ':4'],
    ],
    [
      ['plan', '-n', 'shop', '-o', 'j'],
      ['json', ':4'],
    ],
    [['plan', '-f', ''], [':0']],
    [['plan', '--kubeconfig', './'], [':0']],
    [['status', '-n', ''], [':4']],
    [['nothing', ''], [':4']],
  ])('after %j offers %j', async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  it('offers every command, with what it is for', async () => {
    const {stdout} = await runCli(['__complete', '']);

    expect(stdout).toMatch(/^plan\twhat the operator would do now/m);
    expect(stdout).toMatch(/^snapshot\t/m);
  });

  it('does not know other shells', async () => {
    const {code, stderr} = await runCli(['completion', 'tcsh']);

    expect(code).toBe(2);
    expect(stderr).toMatch(/Allowed choices are bash, zsh, fish, kubectl/);
  });

  describe('in bash', () => {
    let directory: string;

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'spread-completion-'));
      // In place of the program: it tells what it was asked.
      const program =
        '#!/bin/sh\nshift\nfor word; do printf "asked-%s\\tis a description\\n" "$word"; done\necho :4\n';
      writeFileSync(join(directory, 'kubectl-spread'), program, {mode: 0o755});
    });

    afterAll(() => {
      rmSync(directory, {recursive: true, force: true});
    });

    it('asks the program about the words so far, and takes its candidates', () => {
      const script = `${SCRIPTS.bash}
COMP_WORDS=(kubectl-spread status -o js more)
COMP_CWORD=3
_kubectl_spread
printf '%s\\n' "\${COMPREPLY[@]}"`;
      const env = {...process.env, PATH: `${directory}${delimiter}${process.env['PATH'] ?? ''}`};

      const output = execFileSync('bash', ['-c', script], {env, encoding: 'utf8'});

      expect(output).toBe('asked-status\nasked--o\nasked-js\n');
    });
  });
});
