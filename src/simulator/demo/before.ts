/** Part 1 of the demo: the outage as it was, with nobody who spreads the replicas. */
import {type CascadeRound, cascadeRounds} from '../cascade.ts';
import type {SimulatedCluster} from '../simulated-cluster.ts';
import type {Outage} from '../timeline.ts';
import {applyLoad, moonlight} from './moonlight.ts';
import {APPS} from './picture.ts';
import {type Screen, table} from './screen.ts';
import {Stage} from './stage.ts';
import {asDuration, asMinutes} from './words.ts';

/** Simulated seconds per second: the 18 minutes take some 9 s, and the time to read. */
const SPEED = 120;
const LONGEST_MINUTES = 30;
const NODES = 3;
/** A Service whose last pod went with a node is noticed to be gone right after it. */
const TOGETHER_MILLISECONDS = 1000;
const LONG_MILLISECONDS = 60_000;

export interface Before {
  readonly deadNodes: number;
  readonly milliseconds: number;
  /** By app: how long its Service was gone. */
  readonly outages: ReadonlyMap<string, string>;
}

export async function tellBefore(screen: Screen, signal: AbortSignal): Promise<Before> {
  screen.heading('Part 1: without spread-operator');
  screen.say(
    'Three nodes with 4 CPUs each. All three web replicas and redis were started while the other nodes took no pods, ' +
      'as during an upgrade. Kubernetes places a pod once and never looks again, so they stay together on node-1:',
  );
  const stage = new Stage(moonlight(), screen, signal);
  stage.keepPicture({withLegend: true});
  await stage.pause(2500);
  screen.say(
    `Now the traffic of a busy day sets in. Times are simulated minutes: time runs ${SPEED} times faster here.`,
  );
  screen.say();
  applyLoad(stage.cluster);
  const rounds = () => cascadeRounds(stage.cluster.timeline.entries);
  await stage.play({speed: SPEED, minutes: LONGEST_MINUTES, until: () => rounds().length === NODES});
  stage.keepPicture();
  const outages = stage.cluster.timeline.outages();
  screen.say('What happened, round by round:', 'strong');
  screen.lines(table(tableOf(stage.cluster, stage.start)));
  await stage.pause(2500);
  return {
    deadNodes: rounds().length,
    milliseconds: (rounds().at(-1)?.at ?? stage.start) - stage.start,
    outages: new Map(APPS.map((app) => [app, describeOutages(outages.filter(isOf(app)))])),
  };
}

function tableOf(cluster: SimulatedCluster, start: number): string[][] {
  const {entries} = cluster.timeline;
  const outages = cluster.timeline.outages();
  const rows = cascadeRounds(entries).map((round) => {
    const wanted = entries.findLast(
      (entry) => entry.kind === 'NodeSaturated' && entry.node === round.node && entry.at <= round.at,
    );
    const gone = outages
      .filter(({from, to}) => from <= round.at + TOGETHER_MILLISECONDS && (to ?? round.at + 1) > round.at)
      .map(({service, from, to}) => {
        const name = service.slice(service.indexOf('/') + 1);
        return to === undefined ? `${name} (not back)` : `${name} ${asMinutes(to - from)}`;
      });
    return [
      `${round.round}`,
      asMinutes(round.at - start),
      round.node,
      wanted?.kind === 'NodeSaturated'
        ? `${(wanted.demand / 1000).toFixed(1)} of ${wanted.capacity / 1000}`
        : '',
      round.moves.length === 0 ? 'no node is left' : followersOf(round),
      gone.join(', '),
    ];
  });
  return [['round', 'at', 'dies', 'CPUs wanted', 'its pods go on to', 'Services gone'], ...rows];
}

function followersOf({moves}: CascadeRound): string {
  const targets = [...new Set(moves.map(({to}) => to))].sort();
  return `${targets.join(', ')} (${moves.length} pods)`;
}

function isOf(app: string): (outage: Outage) => boolean {
  return ({service}) => service === `moonlight/${app}`;
}

/** The long ones, not each time that health checks fail. */
function describeOutages(outages: readonly Outage[]): string {
  const past = outages.flatMap(({from, to}) =>
    to === undefined || to - from < LONG_MILLISECONDS ? [] : [to - from],
  );
  const isDown = outages.some(({to}) => to === undefined);
  return [...past.map(asDuration), ...(isDown ? ['at the end'] : [])].join(', and ') || 'never';
}
