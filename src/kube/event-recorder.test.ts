import {describe, expect, it} from '@jest/globals';
import {ApiError, ConnectionError} from './api-error.ts';
import type {RequestOptions, Requests} from './client.ts';
import {type EventDetails, EventRecorder} from './event-recorder.ts';
import {ManualClock} from './testing/manual-clock.ts';
import {MemoryLog} from './testing/memory-log.ts';

interface WrittenEvent {
  metadata: {name: string; namespace: string};
  note: string;
  series?: {count: number; lastObservedTime: string};
}

const MINUTE = 60_000;

const web: EventDetails = {
  regarding: {apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'u'},
  type: 'Normal',
  reason: 'ReplicaEvicted',
  action: 'Evict',
  note: 'moved',
};

function setUp(fail: (request: RequestOptions, index: number) => Error | undefined = () => undefined) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const log = new MemoryLog();
  const requests: RequestOptions[] = [];
  const client = {
    request: (options: RequestOptions) => {
      requests.push(options);
      const error = fail(options, requests.length - 1);
      return error === undefined ? Promise.resolve({code: 201, body: {}}) : Promise.reject(error);
    },
  } as Requests;
  const recorder = new EventRecorder({client, clock, log, instance: 'test-1', queueLimit: 10});
  return {clock, log, requests, recorder, body: (index: number) => requests[index]?.body as WrittenEvent};
}

const apiError = (code: number, reason: string) =>
  new ApiError({code, status: {reason, message: reason}, method: 'POST', path: '/events'});

describe('EventRecorder', () => {
  it('writes an event that the API server accepts', async () => {
    const {recorder, requests, clock} = setUp();

    recorder.record({...web, related: {apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1'}});
    await clock.advance(0);

    expect(requests).toEqual([
      expect.objectContaining({
        method: 'POST',
        path: '/apis/events.k8s.io/v1/namespaces/shop/events',
        body: {
          apiVersion: 'events.k8s.io/v1',
          kind: 'Event',
          metadata: {namespace: 'shop', name: expect.stringMatching(/^web\.[0-9a-f]{16}$/)},
          eventTime: '2026-01-01T00:00:00.000000Z',
          reportingController: 'spread-operator',
          reportingInstance: 'test-1',
          type: 'Normal',
          reason: 'ReplicaEvicted',
          action: 'Evict',
          note: 'moved',
          regarding: web.regarding,
          related: {apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1'},
        },
      }),
    ]);
  });

  it('puts events about objects without a namespace into default', async () => {
    const {recorder, requests, clock} = setUp();

    recorder.record({...web, regarding: {apiVersion: 'v1', kind: 'Node', name: 'n1'}});
    await clock.advance(0);

    expect(requests[0]?.path).toBe('/apis/events.k8s.io/v1/namespaces/default/events');
  });

  it('makes a series of repetitions, and writes it once a minute however hot the loop', async () => {
    const {recorder, requests, clock, body} = setUp();

    for (let second = 0; second < 120; second++) {
      for (let time = 0; time < 50; time++) recorder.record({...web, note: `note ${time}`});
      await clock.advance(1_000);
    }

    expect(requests.map(({method}) => method)).toEqual(['POST', 'PATCH', 'PATCH']);
    expect(body(0).note).toBe('note 0');
    expect(requests[1]).toMatchObject({
      path: `/apis/events.k8s.io/v1/namespaces/shop/events/${body(0).metadata.name}`,
      contentType: 'application/merge-patch+json',
      body: {series: {count: 60 * 50, lastObservedTime: '2026-01-01T00:00:59.000000Z'}},
    });
  });

  it('begins a new event after six quiet minutes', async () => {
    const {recorder, requests, clock} = setUp();

    recorder.record(web);
    await clock.advance(6 * MINUTE);
    recorder.record(web);
    await clock.advance(0);

    expect(requests.map(({method}) => method)).toEqual(['POST', 'POST']);
  });

  it('keeps different reasons, actions and objects apart', async () => {
    const {recorder, requests, clock} = setUp();

    recorder.record(web);
    recorder.record({...web, reason: 'Other'});
    recorder.record({...web, action: 'Other'});
    recorder.record({...web, type: 'Warning'});
    recorder.record({...web, related: {apiVersion: 'v1', kind: 'Pod', name: 'a'}});
    recorder.record({...web, regarding: {...web.regarding, name: 'api'}});
    await clock.advance(0);

    expect(requests).toHaveLength(6);
    expect(new Set(requests.map(({body}) => (body as WrittenEvent).metadata.name)).size).toBe(6);
  });

  it('goes on in a new event when the old one has expired', async () => {
    const {recorder, requests, clock, body} = setUp(({method}) =>
      method === 'PATCH' ? apiError(404, 'NotFound') : undefined,
    );

    recorder.record(web);
    await clock.advance(0);
    recorder.record(web);
    await clock.advance(MINUTE);

    expect(requests.map(({method}) => method)).toEqual(['POST', 'PATCH', 'POST']);
    expect(body(2).series?.count).toBe(2);
  });

  it.each([
    ['short', 'ä'.repeat(512), 1024],
    ['long', 'ä'.repeat(2000), 1023],
  ])('cuts notes at a kilobyte, between characters (%s)', async (_, note, bytes) => {
    const {recorder, clock, body} = setUp();

    recorder.record({...web, note});
    await clock.advance(0);

    expect(Buffer.byteLength(body(0).note)).toBe(bytes);
    expect(body(0).note).not.toContain('\uFFFD');
  });

  it('tries again when the API server cannot be reached, and takes AlreadyExists as success', async () => {
    const {recorder, requests, clock, log} = setUp((_, index) =>
      index === 0
        ? new ConnectionError('reset', {method: 'POST', path: '/'})
        : apiError(409, 'AlreadyExists'),
    );

    recorder.record(web);
    await clock.advance(MINUTE);

    expect(requests).toHaveLength(2);
    expect(log.lines).toEqual([]);
  });

  it('logs what is refused, and does not repeat it', async () => {
    const {recorder, requests, clock, log} = setUp(() => apiError(403, 'Forbidden'));

    recorder.record(web);
    await clock.advance(MINUTE);

    expect(requests).toHaveLength(1);
    expect(log.lines[0]).toMatchObject({
      level: 'warn',
      message: 'An event could not be written',
      meta: {reason: 'ReplicaEvicted', object: 'Deployment shop/web'},
    });
  });

  it('drops events beyond its limit, with one line', async () => {
    const {recorder, requests, clock, log} = setUp();

    for (let index = 0; index < 100; index++) recorder.record({...web, reason: `Reason${index}`});
    await clock.advance(0);

    expect(requests).toHaveLength(10);
    expect(log.messages('warn')).toEqual([
      'Too many events wait to be written; dropping new ones',
      'Events were dropped',
    ]);
  });

  it('writes the last count at shutdown', async () => {
    const {recorder, requests, clock, body} = setUp();

    recorder.record(web);
    await clock.advance(0);
    recorder.record(web);
    recorder.record(web);
    await recorder.flush();

    expect(requests.map(({method}) => method)).toEqual(['POST', 'PATCH']);
    expect(body(1).series?.count).toBe(3);
    expect(clock.pending).toBe(0);
  });

  it('gives up flushing when told to', async () => {
    const {recorder} = setUp(() => new ConnectionError('reset', {method: 'POST', path: '/'}));
    const controller = new AbortController();

    recorder.record(web);
    const flushed = recorder.flush(controller.signal);
    controller.abort();

    await expect(flushed).resolves.toBeUndefined();
  });
});
