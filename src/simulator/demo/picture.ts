/** The cluster as a small table: which node is how busy, which replicas are on it, which Services answer. Pure. */
import {conditionOf, isPodReady, NODES, type NodeObject, type PodObject} from '../objects.ts';
import type {SimulatedCluster} from '../simulated-cluster.ts';
import type {Line, Tone} from './screen.ts';
import {asMinutes} from './words.ts';

export const APPS = ['web', 'ssr', 'redis'] as const;

/** What the signs mean. */
export const LEGEND: Line = {
  text: '  ● works   ○ starts, waits or fails its checks   × ends or is lost',
  tone: 'dim',
};

const COLUMN = 12;
const CPU_COLUMN = 26;
const BAR = 16;
const BUSY = 0.98;

export function picture(cluster: SimulatedCluster): Line[] {
  const pods = cluster.pods('moonlight');
  const nodes = cluster.api.list(NODES) as readonly NodeObject[];
  const waiting = pods.filter(({spec}) => spec.nodeName === undefined);
  return [
    {text: row('', 'CPU in use', APPS), tone: 'dim'},
    ...nodes.map((node) => nodeLine(cluster, node, pods)),
    ...(waiting.length === 0
      ? []
      : [
          {
            text: row(
              'no node',
              '',
              APPS.map((app) => signs(cluster, waiting, app)),
            ),
          },
        ]),
    serviceLine(cluster),
  ];
}

function nodeLine(cluster: SimulatedCluster, node: NodeObject, pods: readonly PodObject[]): Line {
  const {name} = node.metadata;
  const here = pods.filter(({spec}) => spec.nodeName === name);
  const cells = APPS.map((app) => signs(cluster, here, app));
  const usage = cluster.cpu.nodeUsage(name);
  if (usage === undefined) {
    const isNoticed = conditionOf(node.status, 'Ready')?.status !== 'True';
    return {text: row(name, isNoticed ? 'dead' : 'dead, not noticed yet', cells), tone: 'bad'};
  }
  const share = usage.usage / usage.capacity;
  const full = Math.round(share * BAR);
  const bar = `${'█'.repeat(full)}${'·'.repeat(BAR - full)} ${String(Math.round(share * 100)).padStart(3)} %`;
  const tone: Tone | undefined = share >= BUSY ? 'bad' : undefined;
  return {text: row(name, bar, cells), ...(tone === undefined ? {} : {tone})};
}

function serviceLine(cluster: SimulatedCluster): Line {
  const outages = cluster.timeline.outages();
  const cells = APPS.map((app) => {
    const outage = outages.find(({service, to}) => service === `moonlight/${app}` && to === undefined);
    return outage === undefined ? 'up' : `DOWN ${asMinutes(cluster.now - outage.from)}`;
  });
  const tone = cells.every((cell) => cell === 'up') ? 'good' : 'bad';
  return {text: row('Service', '', cells), tone};
}

function row(name: string, cpu: string, cells: readonly string[]): string {
  return `  ${name.padEnd(COLUMN)}${cpu.padEnd(CPU_COLUMN)}${cells.map((cell) => cell.padEnd(COLUMN)).join('')}`.trimEnd();
}

function signs(cluster: SimulatedCluster, pods: readonly PodObject[], app: string): string {
  const order = ['●', '○', '×'];
  return pods
    .filter(({metadata}) => metadata.labels?.['app'] === app)
    .map((pod) => signOf(cluster, pod))
    .sort((a, b) => order.indexOf(a) - order.indexOf(b))
    .join('');
}

function signOf(cluster: SimulatedCluster, {metadata, spec, ...pod}: PodObject): string {
  const isLost = spec.nodeName !== undefined && !cluster.isUp(spec.nodeName);
  if (isLost || metadata.deletionTimestamp !== undefined) {
    return '×';
  }
  return isPodReady({metadata, spec, ...pod}) ? '●' : '○';
}
