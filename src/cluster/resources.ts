import {parseMilli, parseWhole} from './quantity.ts';

/** Amounts as kube-scheduler counts them: milliCPU, bytes, and pieces of extended resources. */
export interface Resources {
  readonly milliCPU: number;
  readonly memory: number;
  readonly ephemeralStorage: number;
  /** Extended resources and hugepages, by name. */
  readonly scalar: Readonly<Record<string, number>>;
}

export const NO_RESOURCES: Resources = {milliCPU: 0, memory: 0, ephemeralStorage: 0, scalar: {}};

export function parseResources(list: Readonly<Record<string, string | number>> | undefined): Resources {
  let milliCPU = 0;
  let memory = 0;
  let ephemeralStorage = 0;
  const scalar: Record<string, number> = {};
  for (const [name, quantity] of Object.entries(list ?? {})) {
    switch (name) {
      case 'cpu':
        milliCPU = parseMilli(quantity);
        break;
      case 'memory':
        memory = parseWhole(quantity);
        break;
      case 'ephemeral-storage':
        ephemeralStorage = parseWhole(quantity);
        break;
      case 'pods':
        break;
      default:
        scalar[name] = parseWhole(quantity);
    }
  }
  return {milliCPU, memory, ephemeralStorage, scalar};
}

export function addResources(a: Resources, b: Resources): Resources {
  return combine(a, b, (x, y) => x + y);
}

export function subtractResources(a: Resources, b: Resources): Resources {
  return combine(a, b, (x, y) => x - y);
}

export function maxResources(a: Resources, b: Resources): Resources {
  return combine(a, b, Math.max);
}

function combine(a: Resources, b: Resources, f: (x: number, y: number) => number): Resources {
  const scalar: Record<string, number> = {...a.scalar};
  for (const name of Object.keys(scalar)) {
    scalar[name] = f(scalar[name] ?? 0, b.scalar[name] ?? 0);
  }
  for (const [name, amount] of Object.entries(b.scalar)) {
    if (!(name in a.scalar)) {
      scalar[name] = f(0, amount);
    }
  }
  return {
    milliCPU: f(a.milliCPU, b.milliCPU),
    memory: f(a.memory, b.memory),
    ephemeralStorage: f(a.ephemeralStorage, b.ephemeralStorage),
    scalar,
  };
}
