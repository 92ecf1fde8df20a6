/** All metrics of the operator, by name and meaning. prom-client stays behind this file. */
import {Counter, collectDefaultMetrics, Gauge, Histogram, Registry} from 'prom-client';

export interface RequestLabels {
  readonly verb: string;
  readonly resource: string;
  readonly code: string;
}

export interface WorkloadSkew {
  readonly namespace: string;
  readonly name: string;
  readonly topologyKey: string;
  readonly skew: number;
}

export interface BuildInfo {
  readonly version: string;
  readonly commit?: string;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #workloads: Gauge<'state'>;
  readonly #skew: Gauge<'namespace' | 'name' | 'topology_key'>;
  readonly #moves: Counter<'result'>;
  readonly #evictions: Counter<'result'>;
  readonly #reconcile: Histogram<'controller'>;
  readonly #watchRestarts: Counter<'resource' | 'reason'>;
  readonly #requests: Counter<'verb' | 'resource' | 'code'>;
  readonly #requestSeconds: Histogram<'verb'>;
  readonly #depth: Gauge;
  readonly #leader: Gauge;

  constructor({version, commit = 'unknown'}: BuildInfo) {
    const registers = [this.#registry];
    this.#workloads = new Gauge({
      name: 'spread_operator_workloads',
      help: 'Workloads that policies select, by state.',
      labelNames: ['state'],
      registers,
    });
    this.#skew = new Gauge({
      name: 'spread_operator_workload_skew',
      help: 'Replicas in the fullest minus replicas in the emptiest eligible topology domain.',
      labelNames: ['namespace', 'name', 'topology_key'],
      registers,
    });
    this.#moves = new Counter({
      name: 'spread_operator_moves_total',
      help: 'Moves of a replica that came to an end, by how.',
      labelNames: ['result'],
      registers,
    });
    this.#evictions = new Counter({
      name: 'spread_operator_evictions_total',
      help: 'Calls of the eviction API, by their result.',
      labelNames: ['result'],
      registers,
    });
    this.#reconcile = new Histogram({
      name: 'spread_operator_reconcile_duration_seconds',
      help: 'Time that one look at an object took.',
      labelNames: ['controller'],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15],
      registers,
    });
    this.#watchRestarts = new Counter({
      name: 'spread_operator_watch_restarts_total',
      help: 'Watches that ended and began again, by resource and reason.',
      labelNames: ['resource', 'reason'],
      registers,
    });
    this.#requests = new Counter({
      name: 'spread_operator_api_requests_total',
      help: 'Requests to the API server, by what was asked and the HTTP status (or timeout, error, aborted).',
      labelNames: ['verb', 'resource', 'code'],
      registers,
    });
    this.#requestSeconds = new Histogram({
      name: 'spread_operator_api_request_duration_seconds',
      help: 'Time until the answer of the API server, without watches.',
      labelNames: ['verb'],
      buckets: [0.005, 0.025, 0.1, 0.5, 1, 5, 15],
      registers,
    });
    this.#depth = new Gauge({
      name: 'spread_operator_workqueue_depth',
      help: 'Keys that wait for a worker.',
      registers,
    });
    this.#leader = new Gauge({
      name: 'spread_operator_leader',
      help: '1 while this replica holds the leader lease.',
      registers,
    });
    const buildInfo = new Gauge({
      name: 'spread_operator_build_info',
      help: 'Always 1; the labels say what is running.',
      labelNames: ['version', 'commit', 'node'],
      registers,
    });
    buildInfo.set({version, commit, node: process.version}, 1);
    collectDefaultMetrics({register: this.#registry});
  }

  /** Of all policies together; a state that is left out has no workloads. */
  setWorkloads(byState: Readonly<Record<string, number>>): void {
    this.#workloads.reset();
    for (const [state, count] of Object.entries(byState)) this.#workloads.set({state}, count);
  }

  setWorkloadSkew({namespace, name, topologyKey, skew}: WorkloadSkew): void {
    this.#skew.set({namespace, name, topology_key: topologyKey}, skew);
  }

  /** A workload that nobody looks after any more must not keep its last value for ever. */
  removeWorkloadSkew({namespace, name, topologyKey}: Omit<WorkloadSkew, 'skew'>): void {
    this.#skew.remove({namespace, name, topology_key: topologyKey});
  }

  countMove(result: string): void {
    this.#moves.inc({result});
  }

  countEviction(result: string): void {
    this.#evictions.inc({result});
  }

  observeReconcile(controller: string, seconds: number): void {
    this.#reconcile.observe({controller}, seconds);
  }

  countWatchRestart(resource: string, reason: string): void {
    this.#watchRestarts.inc({resource, reason});
  }

  observeRequest({verb, resource, code, seconds}: RequestLabels & {readonly seconds: number}): void {
    this.#requests.inc({verb, resource, code});
    if (verb !== 'watch') this.#requestSeconds.observe({verb}, seconds);
  }

  setWorkQueueDepth(depth: number): void {
    this.#depth.set(depth);
  }

  setLeader(leading: boolean): void {
    this.#leader.set(leading ? 1 : 0);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In Prometheus' text format. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }
}
