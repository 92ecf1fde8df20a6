import {Writable} from 'node:stream';
import {describe, expect, it} from '@jest/globals';
import {createLog, type LoggingOptions} from './logging.ts';

function setUp(options: LoggingOptions & {isTTY?: boolean} = {}) {
  let text = '';
  const stream = Object.assign(
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        text += String(chunk);
        done();
      },
    }),
    {isTTY: options.isTTY ?? false},
  );
  return {log: createLog({...options, stream}), text: () => text};
}

describe('createLog', () => {
  it('writes JSON lines when the stream is no terminal', () => {
    const {log, text} = setUp();

    log.warn('No move', {
      workload: 'shop/web',
      skew: 2,
      error: new Error('full'),
      level: 'mine',
      message: 'mine',
    });

    expect(JSON.parse(text())).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: 'warn',
      message: 'No move',
      workload: 'shop/web',
      skew: 2,
      error: 'full',
    });
    expect(text()).toMatch(/^\{"time":.*"level":"warn","message":"No move",/);
  });

  it('writes lines for people on a terminal', () => {
    const {log, text} = setUp({isTTY: true});

    log.info('Moved', {workload: 'shop/web', note: 'two words', from: ['n1'], nothing: undefined});

    // oxlint-disable-next-line no-control-regex
    const plain = text().replaceAll(/\u001B\[\d+m/g, '');
    expect(plain).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3}Z INFO {2}Moved workload=shop\/web note="two words" from=\["n1"\]\n$/,
    );
    expect(text()).not.toBe(plain);
  });

  it('leaves out what is below the level', () => {
    const {log, text} = setUp({level: 'warn'});

    log.debug('a');
    log.info('b');
    log.error('c');

    expect(text().split('\n').filter(Boolean)).toHaveLength(1);
  });

  it('gives every line the fields of a child', () => {
    const {log, text} = setUp();

    log.child({controller: 'mover'}).info('x', {step: 1});

    expect(JSON.parse(text())).toMatchObject({controller: 'mover', step: 1});
  });
});
