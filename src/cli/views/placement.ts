/** How the replicas of a workload lie over the domains of a topology, in a few characters. */
import type {DomainStatus, TopologyStatus} from '../../api/types.ts';
import {listNames} from '../../planning/explain.ts';
import type {Text, Tone} from '../output/text.ts';

/** With more domains, names are left out where there is nothing to see. */
const NAMED = 8;
/** More replicas in one domain are a number. */
const DOTS = 5;

/** `node-1 ●●●   node-2 ·   node-3 ·`, or grouped where there are many. */
export function placementText(topology: TopologyStatus): Text {
  const domains = topology.domains ?? [];
  const toneOf = toner(topology);
  if (topology.eligibleDomains <= NAMED && domains.length <= NAMED) {
    return [...domains]
      .sort(byName)
      .flatMap(({name, replicas}, index) => [
        `${index === 0 ? '' : '   '}${name} `,
        {text: signs(replicas), ...toneOf(replicas)},
      ]);
  }
  const filled = domains.filter(({replicas}) => replicas > 0);
  const groups = [...Map.groupBy(filled, ({replicas}) => replicas)].flatMap(([replicas, of], index) => [
    index === 0 ? '' : ', ',
    {text: String(replicas), ...toneOf(replicas)},
    `${of.length > 1 ? ' each' : ''} on ${listNames(of.map(({name}) => name))}`,
  ]);
  const empty = Math.max(0, topology.eligibleDomains - filled.length);
  return [...groups, {text: `${groups.length === 0 ? '' : ', '}none on ${empty} others`, tone: 'dim'}];
}

/** `●●● · ·`: one sign for each domain, fullest first. */
export function compactPlacement(topology: TopologyStatus): Text {
  const domains = topology.domains ?? [];
  const toneOf = toner(topology);
  const more = Math.max(topology.eligibleDomains, domains.length) - NAMED;
  const shown = domains
    .slice(0, NAMED)
    .flatMap(({replicas}, index) => [index === 0 ? '' : ' ', {text: signs(replicas), ...toneOf(replicas)}]);
  return more > 0 ? [...shown, {text: ` +${more}`, tone: 'dim'}] : shown;
}

/** `hostname`, `zone`: what follows the last slash. */
export function shortKey(topologyKey: string): string {
  return topologyKey.slice(topologyKey.lastIndexOf('/') + 1);
}

function signs(replicas: number): string {
  return replicas === 0 ? '·' : replicas > DOTS ? String(replicas) : '●'.repeat(replicas);
}

/** Red where a domain has two more than another one that could take them. */
function toner({skew}: TopologyStatus): (replicas: number) => {tone?: Tone} {
  return (replicas) => (replicas === 0 ? {tone: 'dim'} : skew > 1 && replicas > 1 ? {tone: 'bad'} : {});
}

function byName(a: DomainStatus, b: DomainStatus): number {
  return a.name.localeCompare(b.name, 'en', {numeric: true});
}
