import {describe, expect, it} from '@jest/globals';
import {Metrics} from './metrics.ts';

describe('Metrics', () => {
  it('renders what was counted', async () => {
    const metrics = new Metrics({version: '1.2.3', commit: 'abc'});
    metrics.setWorkloads({spread: 3, moving: 1});
    metrics.setWorkloads({spread: 4});
    metrics.setWorkloadSkew({namespace: 'shop', name: 'web', topologyKey: 'zone', skew: 2});
    metrics.setWorkloadSkew({namespace: 'shop', name: 'old', topologyKey: 'zone', skew: 2});
    metrics.removeWorkloadSkew({namespace: 'shop', name: 'old', topologyKey: 'zone'});
    metrics.countMove('improved');
    metrics.countEviction('refused');
    metrics.observeReconcile('policy', 0.02);
    metrics.countWatchRestart('pods', 'ended');
    metrics.observeRequest({verb: 'list', resource: 'pods', code: '200', seconds: 0.1});
    metrics.observeRequest({verb: 'watch', resource: 'pods', code: '200', seconds: 400});
    metrics.setWorkQueueDepth(7);
    metrics.setLeader(true);

    const lines = (await metrics.render()).split('\n');

    expect(lines).toEqual(
      expect.arrayContaining([
        'spread_operator_workloads{state="spread"} 4',
        'spread_operator_workload_skew{namespace="shop",name="web",topology_key="zone"} 2',
        'spread_operator_moves_total{result="improved"} 1',
        'spread_operator_evictions_total{result="refused"} 1',
        'spread_operator_reconcile_duration_seconds_count{controller="policy"} 1',
        'spread_operator_watch_restarts_total{resource="pods",reason="ended"} 1',
        'spread_operator_api_requests_total{verb="list",resource="pods",code="200"} 1',
        'spread_operator_api_request_duration_seconds_count{verb="list"} 1',
        'spread_operator_workqueue_depth 7',
        'spread_operator_leader 1',
        `spread_operator_build_info{version="1.2.3",commit="abc",node="${process.version}"} 1`,
        expect.stringMatching(/^process_resident_memory_bytes \d+/),
      ]),
    );
    expect(lines.filter((line) => /state="moving"|name="old"|verb="watch",le/.test(line))).toEqual([]);
  });

  it('keeps two instances apart', async () => {
    const one = new Metrics({version: '1'});
    one.setWorkQueueDepth(1);

    expect(await new Metrics({version: '2'}).render()).toContain('spread_operator_workqueue_depth 0');
  });
});
