/** How `simulate` words times, CPU and what its CPU figures rest on. */
import type {CpuBasis} from '../../foresight/cpu-demand.ts';

/** `45 s`, `5 min 50 s`, `1 h 10 min` */
export function describeSeconds(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) {
    return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  }
  return minutes === 0 ? `${rest} s` : rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}

/** `+5m50s`, as a clock that runs along. */
export function describeMoment(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const parts = [hours > 0 ? `${hours}h` : '', hours > 0 || minutes > 0 ? `${minutes}m` : '', `${rest}s`];
  return `+${parts.join('')}`;
}

export function describeCpu(milliCpu: number): string {
  return `${Math.round(milliCpu / 100) / 10} CPU`;
}

export function describeBasis(basis: CpuBasis, hasLoad: boolean): string {
  switch (basis) {
    case 'annotations':
      return 'CPU: as the annotations of simulator.spread-operator.io say.';
    case 'metrics':
      return 'CPU: what metrics-server measured when the cluster was read; the load of a lost replica moves to the others.';
    case 'requests':
      return hasLoad
        ? 'CPU: by --load; nothing was measured, so all other pods are taken to use what they request.'
        : 'CPU: not judged. Nothing was measured and no Service says what its load costs; say it with --load, or read a cluster that has metrics-server.';
    default:
      return basis satisfies never;
  }
}
