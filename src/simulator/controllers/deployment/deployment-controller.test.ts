import {describe, expect, it} from '@jest/globals';
import fc from 'fast-check';
import {isPodReady} from '../../objects.ts';
import {Simulation} from '../../testing/simulation.ts';

const REVISION = 'deployment.kubernetes.io/revision';

describe('DeploymentController', () => {
  it('makes a ReplicaSet for the template, and reports the rollout as done', () => {
    const cluster = new Simulation().deployment('web').seconds(10);

    expect(cluster.get('web').status).toMatchObject({
      // The annotation with the revision does not count.
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    });
    expect(cluster.get('web').metadata.annotations?.[REVISION]).toBe('1');
    expect(cluster.condition('web', 'Available')?.status).toBe('True');
    expect(cluster.condition('web', 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
    expect(cluster.eventReasons('Deployment')).toEqual(['ScalingReplicaSet']);
  });

  it('rolls out a new template within maxSurge and maxUnavailable, whatever they and the size are', () => {
    const percentOrCount = fc.oneof(
      fc.integer({min: 0, max: 4}),
      fc.constantFrom('0%', '25%', '50%', '100%'),
    );
    fc.assert(
      fc.property(
        fc.integer({min: 1, max: 8}),
        percentOrCount,
        percentOrCount,
        (replicas, surge, missing) => {
          fc.pre(Number.parseInt(String(surge), 10) > 0 || Number.parseInt(String(missing), 10) > 0);
          const rollingUpdate = {maxSurge: surge, maxUnavailable: missing};
          const cluster = new Simulation()
            .deployment('web', {replicas, spec: {strategy: {type: 'RollingUpdate', rollingUpdate}}})
            .seconds(10);
          const most = replicas + countOf(surge, replicas, Math.ceil);
          const surgeCount = countOf(surge, replicas, Math.ceil);
          const unavailable = countOf(missing, replicas, Math.floor);
          const least = replicas - (surgeCount === 0 && unavailable === 0 ? 1 : unavailable);
          let fewestReady = replicas;
          // What the ReplicaSets are told; for moments there are more pods, as one is quicker than the other.
          let largest = 0;

          cluster.restart('web', 'now');
          cluster.advanceUntil(() => {
            fewestReady = Math.min(fewestReady, cluster.readyPods('web').length);
            const sizes = cluster.replicaSetsOf('web').map(({spec}) => spec.replicas ?? 0);
            largest = Math.max(
              largest,
              sizes.reduce((sum, size) => sum + size, 0),
            );
            return false;
          }, 60_000);

          expect(cluster.get('web').status?.updatedReplicas).toBe(replicas);
          expect(cluster.condition('web', 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
          expect(fewestReady).toBeGreaterThanOrEqual(least);
          expect(largest).toBeLessThanOrEqual(most);
        },
      ),
      {numRuns: 25},
    );
  });

  it('waits with Recreate until the last old pod is gone', () => {
    const cluster = new Simulation()
      .deployment('web', {
        podAnnotations: {'spread-operator.test/stop-milliseconds': '4000'},
        spec: {strategy: {type: 'Recreate'}},
      })
      .seconds(10);

    cluster.restart('web', 'now').seconds(3);
    const during = cluster.pods('default').map(({metadata}) => metadata.deletionTimestamp !== undefined);
    cluster.seconds(10);

    expect(during).toEqual([true, true, true]);
    expect(cluster.readyPods('web')).toHaveLength(3);
    expect(cluster.get('web').metadata.annotations?.[REVISION]).toBe('2');
  });

  it('goes back to the old ReplicaSet when the template is the old one again', () => {
    const cluster = new Simulation().deployment('web').seconds(10);
    const [first] = cluster.replicaSetsOf('web');
    const {template} = cluster.get('web').spec;
    cluster.restart('web', 'now').seconds(20);

    cluster.edit('web', (spec) => ({...spec, template})).seconds(20);

    const active = cluster.replicaSetsOf('web').filter(({spec}) => spec.replicas === 3);
    expect(active.map(({metadata}) => metadata.name)).toEqual([first?.metadata.name]);
    expect(active[0]?.metadata.annotations).toMatchObject({
      [REVISION]: '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
  });

  it('keeps as many old ReplicaSets as revisionHistoryLimit says', () => {
    const cluster = new Simulation().deployment('web', {spec: {revisionHistoryLimit: 1}}).seconds(10);

    for (const mark of ['a', 'b', 'c']) {
      cluster.restart('web', mark).seconds(20);
    }
    cluster.seconds(20);

    expect(cluster.replicaSetsOf('web')).toHaveLength(2);
  });

  it('says when a rollout makes no progress within its deadline', () => {
    const cluster = new Simulation()
      .deployment('web', {spec: {progressDeadlineSeconds: 60}})
      .seconds(10)
      .restart('web', 'broken', {nodeSelector: {disk: 'none'}});

    cluster.seconds(50);
    const early = cluster.condition('web', 'Progressing')?.reason;
    cluster.seconds(20);

    expect(early).toBe('ReplicaSetUpdated');
    expect(cluster.condition('web', 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
    });
    // maxUnavailable 25 % of 3 is none.
    expect(cluster.readyPods('web').length).toBe(3);
  });

  it('does not roll out while it is paused, but scales', () => {
    const cluster = new Simulation().deployment('web').seconds(10);

    cluster
      .edit('web', (spec) => ({...spec, paused: true}))
      .restart('web', 'now')
      .scale('web', 5)
      .seconds(20);
    const paused = cluster.replicaSetsOf('web').map(({spec}) => spec.replicas);
    const reason = cluster.condition('web', 'Progressing')?.reason;
    cluster.edit('web', (spec) => ({...spec, paused: false})).seconds(20);

    expect(paused).toEqual([5]);
    expect(reason).toBe('DeploymentPaused');
    expect(cluster.get('web').status?.updatedReplicas).toBe(5);
    expect(cluster.get('web').metadata.annotations?.[REVISION]).toBe('2');
  });

  it('scales a rollout that is stuck in proportion', () => {
    const cluster = new Simulation()
      .deployment('web', {replicas: 4, spec: {strategy: {rollingUpdate: {maxSurge: 2, maxUnavailable: 0}}}})
      .seconds(10)
      .restart('web', 'broken', {nodeSelector: {disk: 'none'}})
      .seconds(10);

    cluster.scale('web', 8).seconds(10);

    const sizes = cluster.replicaSetsOf('web').map(({spec}) => spec.replicas ?? 0);
    expect(new Set(sizes)).toEqual(new Set([3, 7]));
  });

  it('takes everything with it when it is deleted', () => {
    const cluster = new Simulation().deployment('web').seconds(10);

    cluster.api.delete('deployments.apps', 'default', 'web', {
      propagationPolicy: 'Background',
      actor: 'kubectl',
    });
    cluster.seconds(10);

    expect(cluster.replicaSetsOf('web')).toEqual([]);
    expect(cluster.pods('default')).toEqual([]);
  });

  it('goes last with foreground deletion, and leaves its ReplicaSets with orphan', () => {
    const foreground = new Simulation().deployment('web').seconds(10);
    const orphan = new Simulation().deployment('web').seconds(10);

    foreground.api.delete('deployments.apps', 'default', 'web', {
      propagationPolicy: 'Foreground',
      actor: 'kubectl',
    });
    foreground.advance(100);
    const waiting = foreground.get('web').metadata.finalizers;
    foreground.seconds(10);
    orphan.api.delete('deployments.apps', 'default', 'web', {propagationPolicy: 'Orphan', actor: 'kubectl'});
    orphan.seconds(10);

    expect(waiting).toEqual(['foregroundDeletion']);
    expect(foreground.get('web')).toBeUndefined();
    expect(foreground.pods('default')).toEqual([]);
    expect(orphan.get('web')).toBeUndefined();
    expect(orphan.replicaSetsOf('web')[0]?.metadata.ownerReferences ?? []).toEqual([]);
    expect(orphan.pods('default').filter(isPodReady)).toHaveLength(3);
  });
});

function countOf(value: number | string, total: number, round: (value: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) * total) / 100);
}
