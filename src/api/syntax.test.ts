import {describe, expect, it} from '@jest/globals';
import {conforms, cronSchedule, labelKey, labelValue, timeZone, windowDuration} from './syntax.ts';

describe.each([
  {
    name: 'label keys',
    syntax: labelKey,
    valid: ['app', 'App_1.x-y', 'kubernetes.io/hostname', 'a.b-c.example/x', 'a'.repeat(63), '1'],
    invalid: ['', '-a', 'a-', 'a b', '/a', 'a/', 'a/b/c', 'Example.com/a', 'a..b/c', 'a'.repeat(64)],
  },
  {
    name: 'label values',
    syntax: labelValue,
    valid: ['', 'web', 'v1.2_3-4', 'A', 'a'.repeat(63)],
    invalid: ['-a', 'a.', 'a b', 'a/b', 'a'.repeat(64)],
  },
  {
    name: 'schedules',
    syntax: cronSchedule,
    valid: ['0 1 * * *', '*/15 0-6,22-23 1,15 JAN-MAR MON-FRI', '59 23 31 12 7', '0  1 * * *'],
    invalid: [
      '',
      'daily',
      '@daily',
      '0 1 * *',
      '0 0 1 * * *',
      '60 1 * * *',
      '0 24 * * *',
      '0 1 0 * *',
      '*/0 1 * * *',
    ],
  },
  {
    name: 'durations',
    syntax: windowDuration,
    valid: ['4h', '90m', '1h30m', '168h'],
    invalid: ['', '4', '4 h', '4h 30m', '30m1h', '10s', '-1h', '1.5h'],
  },
  {
    name: 'time zones',
    syntax: timeZone,
    valid: ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+1'],
    invalid: ['', 'my zone', '/Berlin', '+02:00'],
  },
])('$name', ({syntax, valid, invalid}) => {
  it.each(valid)('may be "%s"', (value) => {
    expect(conforms(value, syntax)).toBe(true);
  });

  it.each(invalid)('may not be "%s"', (value) => {
    expect(conforms(value, syntax)).toBe(false);
  });

  it('can stand in a CEL string literal as they are', () => {
    expect(syntax.pattern).not.toMatch(/['\\]/);
  });
});
