/**
 * What the operator remembers of a workload between two looks. All that matters of it is written to the policy's
 * status, and read from there after a restart or a change of leader.
 */
import {toTimestamp} from '../api/conditions.ts';
import type {BackOff, MoveInFlight, WorkloadStatus} from '../api/types.ts';
import type {Workload} from '../cluster/workload.ts';
import type {BackOffRecord, MoveMemory, MoveRecord, RefusalRecord} from '../eviction/mover.ts';
import {NO_MEMORY} from '../eviction/mover.ts';
import {type InjectionMemory, NO_INJECTION_MEMORY} from '../injection/decide.ts';

export interface WorkloadMemory {
  /** Of the Deployment: one that was deleted and created again is another one. */
  readonly uid: string;
  moves: MoveMemory;
  injection: InjectionMemory;
  /** The generation that the last edit led to; until the cache shows it, the cache is behind. */
  editedGeneration: number;
  /** By topology key, since when an Auto rule should be of the other kind, milliseconds since the epoch. */
  readonly autoWantedSince: Map<string, number>;
  /** The API server's own word against an eviction, and until when it is taken as given. */
  refusal?: RefusalRecord & {readonly attempts: number};
  /** How often in a row the pod to evict was found gone or changed. */
  misses: number;
  /** As it was last reported. */
  entry?: WorkloadStatus;
  /** The last decision that was logged, so that one that stays the same is logged once. */
  logged: string;
}

export function newMemory(uid: string): WorkloadMemory {
  return {
    uid,
    moves: NO_MEMORY,
    injection: NO_INJECTION_MEMORY,
    editedGeneration: 0,
    autoWantedSince: new Map(),
    misses: 0,
    logged: '',
  };
}

/** From what an earlier process wrote; nothing of it is required to be there. */
export function restoreMemory(
  {uid, createdAt}: Pick<Workload, 'uid' | 'createdAt'>,
  entry: WorkloadStatus | undefined,
): WorkloadMemory {
  const memory = newMemory(uid);
  if (entry === undefined) {
    return memory;
  }
  const {injection} = entry;
  const lastChange = Date.parse(injection?.lastChangeTime ?? '');
  const inFlight = (entry.inFlight ?? []).map(toMoveRecord);
  // A move that is older than the Deployment was one of an earlier Deployment of that name.
  if (inFlight.some(({startedAt}) => startedAt < createdAt)) {
    return memory;
  }
  return {
    ...memory,
    moves: {
      inFlight,
      ...(entry.backOff === undefined ? {} : {backOff: toBackOffRecord(entry.backOff)}),
    },
    injection: {
      flips: injection?.flips ?? 0,
      undone: 0,
      ...(Number.isNaN(lastChange) ? {} : {lastChange}),
    },
    entry,
  };
}

export function toMoveInFlight(record: MoveRecord): MoveInFlight {
  return {
    pod: record.pod,
    podUID: record.podUID,
    from: record.from,
    to: record.to.slice(0, 10),
    startTime: toTimestamp(record.startedAt),
    replicas: record.replicas,
    objectiveBefore: [...record.objectiveBefore],
    ...(record.makesRoomFor === undefined
      ? {}
      : {
          makesRoomFor: {
            workload: record.makesRoomFor.workload,
            objectiveBefore: [...record.makesRoomFor.objectiveBefore],
          },
        }),
  };
}

function toMoveRecord(move: MoveInFlight): MoveRecord {
  return {
    pod: move.pod,
    podUID: move.podUID,
    from: move.from,
    to: move.to,
    startedAt: Date.parse(move.startTime) || 0,
    replicas: move.replicas,
    objectiveBefore: move.objectiveBefore,
    ...(move.makesRoomFor === undefined ? {} : {makesRoomFor: move.makesRoomFor}),
    eviction: 'restored',
  };
}

export function toBackOff({failures, seconds, until, message}: BackOffRecord): BackOff {
  return {failures, seconds, until: toTimestamp(until), message};
}

function toBackOffRecord({failures, seconds, until, message}: BackOff): BackOffRecord {
  return {failures, seconds, until: Date.parse(until) || 0, message};
}
