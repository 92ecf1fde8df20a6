import {describe, expect, it} from '@jest/globals';
import {pictureOf} from '../../foresight/picture-of.ts';
import {Simulation} from '../../simulator/testing/simulation.ts';
import {actsOn, describeActs, parseDuration, parseLoadAct, parseNames, parseParameter} from './acts.ts';
import {describeMoment, describeSeconds} from './wording.ts';

describe('cli/simulate/acts', () => {
  it.each([
    ['90s', 90],
    ['30m', 1800],
    ['1h30m', 5400],
  ])('takes %s for %i seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '5', '1d', '-1h', '1h x'])('refuses "%s" as a time', (text) => {
    expect(() => parseDuration(text)).toThrow(/Expected a time/);
  });

  it('takes loads as factors and as CPU', () => {
    expect(parseLoadAct('web=2x')).toEqual({kind: 'Load', service: 'web', factor: 2});
    expect(parseLoadAct('shop/web=3500m')).toEqual({kind: 'Load', service: 'shop/web', milliCpu: 3500});
    expect(parseLoadAct('web=4')).toEqual({kind: 'Load', service: 'web', milliCpu: 4000});
    expect(() => parseLoadAct('web')).toThrow(/SERVICE=LOAD/);
  });

  it('collects parameters, and knows their names', () => {
    expect(parseParameter('panicAfterSeconds=0', {starvedShare: 1})).toEqual({
      starvedShare: 1,
      panicAfterSeconds: 0,
    });
    expect(() => parseParameter('panic=1')).toThrow(/panicAfterSeconds/);
    expect(() => parseParameter('panicAfterSeconds=')).toThrow(/a number from 0 on/);
  });

  it('finds the nodes of a zone, and the namespace of a Service', () => {
    const cluster = new Simulation({nodes: 4, zones: 2});
    const picture = pictureOf(cluster.service('web'));

    const acts = actsOn(
      picture,
      [
        {kind: 'LoseZone', zone: 'zone-a'},
        {kind: 'Load', service: 'web', factor: 2},
      ],
      {namespace: 'default'},
    );

    expect(acts).toEqual([
      {kind: 'Lose', nodes: ['node-1', 'node-3']},
      {kind: 'Load', service: 'default/web', factor: 2},
    ]);
    expect(describeActs(acts)).toBe('loss of node-1, node-3, then load of default/web × 2');
  });

  it('wants names between the commas', () => {
    expect(parseNames('a,,b')).toEqual(['a', 'b']);
    expect(() => parseNames(',')).toThrow(/Expected a name/);
  });

  it.each([
    [45, '45 s', '+45s'],
    [350, '5 min 50 s', '+5m50s'],
    [3600, '1 h', '+1h0m0s'],
    [4200, '1 h 10 min', '+1h10m0s'],
  ])('words %i seconds', (seconds, length, moment) => {
    expect(describeSeconds(seconds)).toBe(length);
    expect(describeMoment(seconds)).toBe(moment);
  });
});
