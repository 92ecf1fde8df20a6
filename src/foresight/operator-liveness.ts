/** Whether an operator is at work in a cluster, by the lease that it holds. Pure. */
import type {ApiObject} from '../simulator/cluster-api.ts';
import type {ClusterPicture} from './cluster-picture.ts';

export interface OperatorLiveness {
  readonly state: 'Running' | 'NotRunning' | 'Unknown';
  /** For people; completes "the operator …". */
  readonly message: string;
}

interface Lease extends ApiObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly renewTime?: string;
    readonly leaseDurationSeconds?: number;
  };
}

const LEASE = 'spread-operator';
/** The holder's clock may differ from that of whoever reads, milliseconds. */
const CLOCK_SKEW = 60_000;

export function operatorLiveness({objects, missing, takenAt}: ClusterPicture): OperatorLiveness {
  const unread = missing.find(({resource}) => resource.startsWith('coordination.k8s.io'));
  if (unread !== undefined) {
    return {state: 'Unknown', message: `may be running or not: its lease cannot be read: ${unread.reason}`};
  }
  const leases = objects.filter(({kind, metadata}) => kind === 'Lease' && metadata.name === LEASE) as Lease[];
  const [newest] = leases.sort((a, b) => renewedAt(b) - renewedAt(a));
  if (newest === undefined) {
    return {state: 'NotRunning', message: `is not running: there is no lease "${LEASE}"`};
  }
  const {holderIdentity = '', leaseDurationSeconds = 0} = newest.spec ?? {};
  const where = `the lease ${newest.metadata.namespace ?? ''}/${newest.metadata.name}`;
  const seconds = Math.max(0, Math.round((takenAt - renewedAt(newest)) / 1000));
  if (holderIdentity === '' || seconds * 1000 > leaseDurationSeconds * 1000 + CLOCK_SKEW) {
    return {
      state: 'NotRunning',
      message:
        holderIdentity === ''
          ? `is not running: nobody holds ${where}`
          : `is not running: ${where} was last renewed ${describeSeconds(seconds)} ago by ${holderIdentity}`,
    };
  }
  return {state: 'Running', message: `is running: ${holderIdentity} holds ${where}`};
}

function renewedAt({spec}: Lease): number {
  return Date.parse(spec?.renewTime ?? '') || 0;
}

function describeSeconds(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const;
  const unit = units.find(([size]) => seconds >= 2 * size);
  return unit === undefined ? `${seconds} s` : `${Math.floor(seconds / unit[0])} ${unit[1]}`;
}
