import {describe, expect, it} from '@jest/globals';
import {calledAs} from './this-program.ts';

describe('cli/this-program', () => {
  it.each([
    {event: undefined, expected: 'kubectl spread demo'},
    {event: 'npx', expected: 'npx spread-operator demo'},
    {event: 'demo', expected: 'npm run demo --'},
  ])('is called as $expected', ({event, expected}) => {
    expect(calledAs('demo', {npm_lifecycle_event: event})).toBe(expected);
  });
});
