import {describe, expect, it} from '@jest/globals';
import {operatorCommand} from './options.ts';

describe('operatorCommand', () => {
  it('reads durations', () => {
    const options = parse('--lease-duration=1m30s', '--initial-backoff=20s', '--max-backoff=1.5h');

    expect(options).toMatchObject({
      leaseDuration: 90,
      initialBackoff: 20,
      maxBackoff: 5400,
      requestTimeout: 15,
    });
  });

  it.each([
    ['--request-timeout=0s', 'Expected a duration above 0.'],
    ['--lease-duration=0s', 'Expected a duration above 0.'],
    ['--lease-duration=1.5s', 'Expected whole seconds, such as 15s.'],
    ['--lease-duration=15', 'Expected a duration such as 20s, 5m or 1h30m.'],
    ['--moves-per-minute=0', 'Expected a number above 0.'],
  ])('refuses %s: %s', (argument, message) => {
    expect(() => parse(argument)).toThrow(message);
  });
});

function parse(...commandLine: string[]) {
  return operatorCommand('0')
    .exitOverride()
    .configureOutput({writeErr: () => {}})
    .parse(commandLine, {from: 'user'})
    .opts();
}
