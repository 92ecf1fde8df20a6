/**
 * spread-operator and the descheduler side by side: the same work on the same real control plane, one after the
 * other. Part of `npm run bench` when DESCHEDULER_BIN names the descheduler's program.
 */
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

import {stringify} from 'yaml';

import {ControlPlane} from '../../test/controlplane/control-plane.ts';
import {installOperator, operatorUser} from '../../test/controlplane/install-operator.ts';
import {ReadyRecorder} from '../../test/controlplane/ready-recorder.ts';
import type {RunningControlPlane} from '../../test/controlplane/running-control-plane.ts';
import {policy} from '../../test/scenarios/manifests.ts';
import {type Cost, MeasuredProcess} from './measured-process.ts';
import {begin, fewestMoves, fill, replicasOf, secondsUntilSpread, type Work, workOf} from './work.ts';

const ROOT = join(import.meta.dirname, '../..');
const DESCHEDULER_USER = 'system:serviceaccount:kube-system:descheduler';
const QUIET_SECONDS = 30;

export interface Comparison {
  readonly nodes: number;
  /** Of other workloads, which nobody should touch. */
  readonly pods: number;
  /** That have work to do. */
  readonly deployments: number;
  /** How long a program may take. */
  readonly limitSeconds: number;
}

interface Contender {
  readonly name: string;
  /** Who it is to the API server. */
  readonly user: string;
  start(cluster: RunningControlPlane, namespace: string): Promise<MeasuredProcess>;
}

const operator: Contender = {
  name: 'spread-operator',
  user: operatorUser,
  async start(cluster, namespace) {
    await installOperator(cluster);
    await cluster.apply(policy(namespace, {injection: 'Disabled', eviction: {settleSeconds: 5}}));
    const {scripts} = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: {operator: string};
    };
    const command = `cd ${ROOT} && exec env ${scripts.operator} --log-format=json --health-address=`;
    return new MeasuredProcess('sh', ['-c', command], {
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      HOME: cluster.directory,
      KUBECONFIG: await cluster.createKubeconfig({user: operatorUser}),
    });
  },
};

/** What its example policy and its chart enable, with nodeFit; looking every 10 seconds instead of 5 minutes. */
function descheduler(program: string): Contender {
  return {
    name: 'descheduler',
    user: DESCHEDULER_USER,
    async start(cluster) {
      await cluster.apply([
        {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name: 'descheduler', namespace: 'kube-system'}},
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRoleBinding',
          metadata: {name: 'descheduler'},
          roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin'},
          subjects: [{kind: 'ServiceAccount', name: 'descheduler', namespace: 'kube-system'}],
        },
      ]);
      const kubeconfig = await cluster.createKubeconfig({user: DESCHEDULER_USER});
      const policyFile = join(cluster.directory, 'descheduler.yaml');
      await writeFile(policyFile, stringify(deschedulerPolicy));
      const commandLine = [
        `--kubeconfig=${kubeconfig}`,
        `--policy-config-file=${policyFile}`,
        '--descheduling-interval=10s',
        '--v=1',
      ];
      return new MeasuredProcess(program, commandLine, {PATH: process.env['PATH'], HOME: cluster.directory});
    },
  };
}

const deschedulerPolicy = {
  apiVersion: 'descheduler/v1alpha2',
  kind: 'DeschedulerPolicy',
  profiles: [
    {
      name: 'default',
      pluginConfig: [
        {name: 'DefaultEvictor', args: {nodeFit: true}},
        {name: 'RemoveDuplicates'},
        {
          name: 'RemovePodsViolatingTopologySpreadConstraint',
          args: {constraints: ['DoNotSchedule', 'ScheduleAnyway']},
        },
      ],
      plugins: {
        balance: {enabled: ['RemoveDuplicates', 'RemovePodsViolatingTopologySpreadConstraint']},
      },
    },
  ],
};

interface Outcome extends Cost {
  readonly contender: string;
  readonly evictions: number;
  readonly seconds: number | undefined;
  /** Of the Deployment that fared worst. */
  readonly lowestAvailability: number;
  /** Deployments that had no Ready replica at some moment. */
  readonly outages: number;
  readonly calls: number;
}

async function measure(
  cluster: RunningControlPlane,
  contender: Contender,
  work: readonly Work[],
  limitSeconds: number,
): Promise<Outcome> {
  const namespace = `work-${contender.name}`;
  say(`${contender.name}: bringing up ${work.length} Deployments`);
  await begin(cluster, namespace, work);
  const recorders = await Promise.all(
    work.map(async (each) => ({each, recorder: await ReadyRecorder.start(cluster, namespace, each.name)})),
  );
  say(`${contender.name}: starting`);
  const program = await contender.start(cluster, namespace);
  try {
    const seconds = await secondsUntilSpread(cluster, namespace, work, limitSeconds);
    say(
      seconds === undefined
        ? `${contender.name}: not spread after ${limitSeconds} s; it says:\n${program.log}`
        : `${contender.name}: spread; watching whether it stays quiet`,
    );
    await sleep(QUIET_SECONDS * 1000);
    const cost = await program.cost();
    await program.stop();
    await Promise.all(recorders.map(({recorder}) => recorder.stop()));
    const evictions = await cluster.evictions(({user}) => user === contender.user);
    const requests = await cluster.requestsBy(contender.user);
    const shares = recorders.map(({each, recorder}) => recorder.minReady / replicasOf(each));
    return {
      ...cost,
      contender: contender.name,
      evictions: evictions.length,
      seconds,
      lowestAvailability: Math.min(...shares),
      outages: shares.filter((share) => share === 0).length,
      calls: Object.values(requests).reduce((sum, count) => sum + count, 0),
    };
  } finally {
    await program.stop();
    await cluster.admin.delete(`/api/v1/namespaces/${namespace}`);
  }
}

function table(outcomes: readonly Outcome[], fewest: number, limitSeconds: number): string {
  const rows = outcomes.map((outcome) => [
    outcome.contender,
    `${outcome.evictions}`,
    (outcome.evictions / fewest).toFixed(2),
    `${Math.round(outcome.lowestAvailability * 100)} %`,
    `${outcome.outages}`,
    outcome.seconds === undefined ? `> ${limitSeconds} s` : `${Math.round(outcome.seconds)} s`,
    `${outcome.cpuSeconds.toFixed(1)} s`,
    `${Math.round(outcome.peakMemory)} MiB`,
    `${outcome.calls}`,
  ]);
  const header = [
    'program',
    'evictions',
    'over minimum',
    'lowest availability',
    'outages',
    'time to spread',
    'CPU',
    'peak memory',
    'API calls',
  ];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

/** Prints one table. `program` is the descheduler; without it spread-operator works alone. */
export async function sideBySide(program: string | undefined, comparison: Comparison): Promise<void> {
  const {nodes, pods, deployments, limitSeconds} = comparison;
  const contenders = program === undefined ? [operator] : [descheduler(program), operator];
  const work = workOf(deployments);
  const fewest = work.reduce((sum, each) => sum + fewestMoves(each), 0);
  say(`Starting a control plane with ${nodes} nodes`);
  await using cluster = await new ControlPlane({nodes, zones: 3}).start();
  say(`Filling it with ${pods} pods`);
  await fill(cluster, pods);
  const outcomes: Outcome[] = [];
  for (const contender of contenders) {
    outcomes.push(await measure(cluster, contender, work, limitSeconds));
  }
  const replicas = work.reduce((sum, each) => sum + replicasOf(each), 0);
  process.stdout.write(
    `${nodes} nodes, ${pods} other pods; ${work.length} Deployments with ${replicas} replicas, ` +
      `${fewest} moves at the least\n${table(outcomes, fewest, limitSeconds)}\n`,
  );
}
