/** `npm run demo` where nobody looks on: it runs to its end, in time, and what it prints is what happened. */
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, expect, it} from '@jest/globals';
import {Agent, request} from 'undici';
import {parse} from 'yaml';

const root = join(import.meta.dirname, '../..');
/** What the README promises. */
const limitMilliseconds = 90_000;

let child: ChildProcess;
let output = '';

function startDemo(...commandLine: string[]): void {
  output = '';
  child = spawn(process.execPath, ['src/cli/main.ts', 'demo', ...commandLine], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
}

afterEach(async () => {
  // Not SIGKILL: it has an operator to end.
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});

it(
  'tells the outage without the operator and its absence with it, within 90 s',
  async () => {
    const started = Date.now();

    startDemo();
    const [code] = (await once(child, 'close')) as [number];

    const facts = output.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, '  '));
    expect({output, code}).toMatchObject({code: 0});
    expect(Date.now() - started).toBeLessThan(limitMilliseconds);
    expect(facts).toEqual(
      expect.arrayContaining([
        // The cascade, round by round.
        '1  2:00  node-1  4.7 of 4  node-2, node-3 (4 pods)  redis 6:06, web 5:56',
        expect.stringMatching(/^2 {2}9:56 {2}node-3 .* node-2 \(4 pods\) {2}redis 6:00$/),
        expect.stringMatching(/^3 {2}17:46 {2}node-2 .* no node is left .*web \(not back\)/),
        // The moves, and then the rule.
        expect.stringMatching(/operator: evicts web-\S+ from node-1: node-1 holds 3, node-2 0/),
        expect.stringMatching(/operator: evicts web-\S+ from node-1: node-1 holds 2, node-2 0/),
        expect.stringMatching(/operator: web: injected the placement rule in the pod template/),
        // The same load, and nodes lost.
        'the same traffic  all 3 nodes dead at 17:46  no node dies',
        'Service web gone  5 min 56 s, and at the end  never',
        'while replicas move  at least 2 of 3 web work',
        'one node lost  the others follow  at least 2 of 3 web work',
        'two nodes lost  at least 1 of 3 web work',
        'nodes that die of it  none',
        // A replica without a free node waits, and the status says so.
        expect.stringMatching(/operator: web: 3 replicas under a hard rule need as many domains/),
      ]),
    );
    // Plain lines only, and no wall of them.
    expect(output).not.toContain('\u001B');
    expect(facts.length).toBeLessThan(220);
  },
  2 * limitMilliseconds,
);

it(
  'leaves the simulated API up with --keep, until it is interrupted',
  async () => {
    startDemo('--keep');
    const closed = once(child, 'close') as Promise<[number]>;
    while (!output.includes("The operator's log:") && child.exitCode === null) {
      await once(child.stdout ?? child, 'data');
    }
    const [, path = ''] = /export KUBECONFIG=(\S+)/.exec(output) ?? [];
    const {clusters, users} = parse(await readFile(path, 'utf8')) as {
      clusters: [{cluster: {server: string; 'certificate-authority-data': string}}];
      users: [{user: {token: string}}];
    };
    const ca = Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64');
    const agent = new Agent({connect: {ca}});

    const {body} = await request(`${clusters[0].cluster.server}/api/v1/namespaces/moonlight/pods`, {
      dispatcher: agent,
      headers: {authorization: `Bearer ${users[0].user.token}`},
    });
    const {items} = (await body.json()) as {items: unknown[]};
    await agent.destroy();
    child.kill('SIGINT');
    const [code] = await closed;

    expect(items).toHaveLength(6);
    expect({output, code}).toMatchObject({code: 0});
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  },
  2 * limitMilliseconds,
);
