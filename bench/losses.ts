/**
 * What `kubectl spread simulate --lose-any 2` costs on 1,000 nodes and 10,000 pods:
 * `node bench/losses.ts [--nodes 1000] [--pods 10000]`. Each row in a process of its own: CPU seconds of it (so that
 * neighbours on the machine do not change the figures), the most memory that it had, and what was answered.
 */
import {execFile} from 'node:child_process';
import {parseArgs, promisify} from 'node:util';
import {allLosses} from '../src/foresight/all-losses.ts';
import {type GeneratedCluster, generatedPicture} from './cluster/generated-picture.ts';

const BUDGET_SECONDS = 5;
const KINDS: Readonly<Record<string, Partial<GeneratedCluster>>> = {
  'half of the CPU requested': {},
  'one replica per node, hard': {rule: 'Separate'},
  'even over zones, hard': {rule: 'Even'},
  'every tenth Deployment with one replica': {lone: 10},
  '95 % of the CPU requested': {request: '1520m'},
  'full: no node takes another pod': {request: '1600m'},
};

const {values} = parseArgs({
  options: {
    nodes: {type: 'string', default: '1000'},
    pods: {type: 'string', default: '10000'},
    kind: {type: 'string'},
  },
});

if (values.kind === undefined) {
  const rows = [];
  for (const kind of Object.keys(KINDS)) {
    const {stdout} = await promisify(execFile)(process.execPath, [
      import.meta.filename,
      '--nodes',
      values.nodes,
      '--pods',
      values.pods,
      '--kind',
      kind,
    ]);
    rows.push(JSON.parse(stdout) as object);
  }
  console.log(`${values.nodes} nodes, ${values.pods} pods, Node ${process.version}`);
  console.table(rows);
} else {
  console.log(JSON.stringify(measure(values.kind)));
}

function measure(kind: string): object {
  const picture = generatedPicture({
    nodes: Number(values.nodes),
    pods: Number(values.pods),
    ...KINDS[kind],
  });
  const before = process.cpuUsage();
  const end = process.uptime() + BUDGET_SECONDS;
  const {losses} = allLosses(picture, 2, {isBudgetSpent: () => process.uptime() >= end});
  const {user, system} = process.cpuUsage(before);
  const [single, pair] = losses;
  return {
    cluster: kind,
    'CPU s': Math.round((user + system) / 1e5) / 10,
    'most MB': Math.round(process.resourceUsage().maxRSS / 1000),
    'N-1 harmful': (single?.total ?? 0) - (single?.harmless ?? 0) - (single?.undecided ?? 0),
    'N-1 undecided': single?.undecided,
    pairs: pair?.total,
    'N-2 harmful': (pair?.total ?? 0) - (pair?.harmless ?? 0) - (pair?.undecided ?? 0),
    'N-2 undecided': pair?.undecided,
    simulated: losses.reduce((sum, {simulated}) => sum + simulated, 0),
  };
}
