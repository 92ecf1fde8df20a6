import {describe, expect, it} from '@jest/globals';
import type {ApiObject} from '../../cluster-api.ts';
import {humanDuration} from './columns.ts';
import {evaluateJsonPath} from './json-path.ts';
import {podCells} from './pod-cells.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

it.each([
  [0, '0s'],
  [119 * SECOND, '119s'],
  [2 * MINUTE, '2m'],
  [9 * MINUTE + 30 * SECOND, '9m30s'],
  [179 * MINUTE, '179m'],
  [3 * HOUR, '3h'],
  [7 * HOUR + 5 * MINUTE, '7h5m'],
  [47 * HOUR, '47h'],
  [3 * DAY + 4 * HOUR, '3d4h'],
  [100 * DAY, '100d'],
  [800 * DAY, '2y70d'],
])('an age of %d ms is %s', (milliseconds, expected) => {
  const text = humanDuration(milliseconds);

  expect(text).toBe(expected);
});

it.each<[path: string, expected: unknown[]]>([
  ['.status.summary.workloads', [3]],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  ['.status.conditions[*].type', ['Ready', 'Stalled']],
  ['.status.conditions[1].type', ['Stalled']],
  ["['status']['summary'].workloads", [3]],
  ['.metadata.labels.app\\.kubernetes\\.io/name', []],
  ['.missing', []],
])('the column %s', (path, expected) => {
  const object = {
    status: {
      summary: {workloads: 3},
      conditions: [
        {type: 'Ready', status: 'True'},
        {type: 'Stalled', status: 'False'},
      ],
    },
  };

  const values = evaluateJsonPath(path, object);

  expect(values).toEqual(expected);
});

describe('a pod', () => {
  const spec = {containers: [{name: 'main'}, {name: 'side'}]};
  const running = {running: {}};

  it.each<{title: string; status: object; metadata?: object; expected: object}>([
    {title: 'that waits', status: {phase: 'Pending'}, expected: {ready: '0/2', status: 'Pending'}},
    {
      title: 'with one container ready',
      status: {
        phase: 'Running',
        containerStatuses: [
          {name: 'main', ready: true, state: running},
          {name: 'side', ready: false, restartCount: 2, state: {waiting: {reason: 'CrashLoopBackOff'}}},
        ],
      },
      expected: {ready: '1/2', status: 'CrashLoopBackOff', restarts: '2'},
    },
    {
      title: 'that terminates',
      status: {phase: 'Running'},
      metadata: {deletionTimestamp: '2026-01-01T00:00:00Z'},
      expected: {status: 'Terminating'},
    },
    {
      title: 'that is held back',
      status: {
        phase: 'Pending',
        conditions: [{type: 'PodScheduled', status: 'False', reason: 'SchedulingGated'}],
      },
      expected: {status: 'SchedulingGated'},
    },
  ])('$title', ({status, metadata = {}, expected}) => {
    const pod = {apiVersion: 'v1', kind: 'Pod', metadata, spec, status} as unknown as ApiObject;

    const cells = podCells(pod, Date.parse('2026-01-01T00:00:00Z'));

    expect(cells).toMatchObject(expected);
  });
});
