import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {describe, expect, it} from '@jest/globals';
import {ManualClock} from './kube/testing/manual-clock.ts';
import {MemoryLog} from './kube/testing/memory-log.ts';
import type {Connections, HttpRequest, HttpResponse} from './kube/transport.ts';
import {Metrics} from './observability/metrics.ts';
import {Operator, type OperatorSettings} from './operator.ts';

const SETTINGS: OperatorSettings = {
  leaderElect: false,
  leaseNamespace: 'spread-operator-system',
  leaseName: 'spread-operator',
  leaseDuration: 15,
  includeKubeSystem: false,
  excludeNamespace: [],
  movesPerMinute: 60,
  movesBurst: 10,
  initialBackoff: 300,
  maxBackoff: 21_600,
  qps: 50,
  burst: 100,
  requestTimeout: 15,
};

interface VersionAnswer {
  readonly code: number;
  readonly body: object;
}

const NOT_KNOWN = 'The version of the API server is not known yet; asking again';
const VERSION: VersionAnswer = {code: 200, body: {major: '1', minor: '36'}};
// Not one of the codes that the client itself asks again after.
const REFUSAL: VersionAnswer = {
  code: 500,
  body: {kind: 'Status', status: 'Failure', code: 500, message: 'etcdserver: leader changed'},
};

describe('Operator: the version of the API server', () => {
  it('is asked for until there is an answer', async () => {
    const server = new EmptyCluster(() => (server.asked <= 2 ? REFUSAL : VERSION));
    const {operator, clock, log} = operatorAt(server, () => operator.stop());

    await operator.run();

    expect(server.asked).toBe(3);
    expect(log.messages('warn')).toEqual([NOT_KNOWN, NOT_KNOWN]);
    expect(log.lines.find(({level}) => level === 'warn')?.meta['error']).toMatch('leader changed');
    expect(log.messages('info')).toContain('The caches are complete');
    const [first = 0, second = 0] = clock.sleeps;
    expect(first).toBeGreaterThanOrEqual(800);
    expect(second).toBeGreaterThan(first);
  });

  it('is not asked for again when the operator was stopped', async () => {
    const server = new EmptyCluster(() => {
      operator.stop();
      return REFUSAL;
    });
    let isSynced = false;
    const {operator} = operatorAt(server, () => {
      isSynced = true;
    });

    await expect(operator.run()).rejects.toThrow('aborted');

    expect(server.asked).toBe(1);
    expect(isSynced).toBe(false);
  });
});

/** An API server without objects, whose watches tell nothing. */
class EmptyCluster implements Connections {
  /** How often its version was asked for. */
  asked = 0;
  readonly #version: () => VersionAnswer;

  constructor(version: () => VersionAnswer) {
    this.#version = version;
  }

  async connection() {
    return {server: 'https://test', send: async (request: HttpRequest) => this.#answer(request)};
  }

  reload(): void {}

  async close(): Promise<void> {}

  #answer({path, isWatch, signal}: HttpRequest): HttpResponse {
    if (path === '/version') {
      this.asked += 1;
      const {code, body} = this.#version();
      return answer(code, Readable.from([Buffer.from(JSON.stringify(body))]));
    }
    const list = JSON.stringify({metadata: {resourceVersion: '1'}, items: []});
    return answer(200, isWatch ? new Readable({read() {}, signal}) : Readable.from([Buffer.from(list)]));
  }
}

function answer(statusCode: number, stream: Readable): HttpResponse {
  return {statusCode, headers: {}, body: Object.assign(stream, {text: () => text(stream)})};
}

function operatorAt(connections: Connections, onSynced: () => void) {
  const clock = new ManualClock();
  clock.skipSleeps = true;
  const log = new MemoryLog();
  const operator = new Operator(SETTINGS, {
    access: {connections},
    clock,
    random: () => 0.5,
    log,
    metrics: new Metrics({version: 'test'}),
    version: 'test',
    name: 'test',
    identity: 'test',
    onSynced,
  });
  return {operator, clock, log};
}
