import {expect, it} from '@jest/globals';
import {EventCorrelator} from './event-correlator.ts';

const event = {uid: 'a', type: 'Normal', reason: 'ScalingReplicaSet', component: 'deployment-controller'};

function tell(correlator: EventCorrelator, count: number, now = 0): (string | undefined)[] {
  return Array.from(
    {length: count},
    (_, index) => correlator.correlate({...event, message: `${index}`}, now)?.message,
  );
}

it('puts events with ten different messages together', () => {
  const correlator = new EventCorrelator();

  const messages = tell(correlator, 11);

  expect(messages.slice(8)).toEqual([
    '8',
    '(combined from similar events): 9',
    '(combined from similar events): 10',
  ]);
});

it('begins anew when nothing was told for ten minutes', () => {
  const correlator = new EventCorrelator();
  tell(correlator, 11);

  expect(tell(correlator, 1, 600_001)).toEqual(['0']);
});

it('drops what goes beyond 25 events about one object, and lets one more pass every five minutes', () => {
  const correlator = new EventCorrelator();

  const first = tell(correlator, 27);
  const later = tell(correlator, 2, 300_000);

  expect(first.filter((message) => message === undefined)).toHaveLength(2);
  expect(later.filter((message) => message === undefined)).toHaveLength(1);
});

it('counts the events of one object only', () => {
  const correlator = new EventCorrelator();
  tell(correlator, 30);

  expect(correlator.correlate({...event, uid: 'b', message: '0'}, 0)?.message).toBe('0');
});
