import {beforeAll, describe, expect, it} from '@jest/globals';
import {moonlight} from '../simulator/demo/moonlight.ts';
import {afterPlan} from './after-plan.ts';
import {allLosses} from './all-losses.ts';
import {type ClusterPicture, cachesOf} from './cluster-picture.ts';
import {isPod} from './cpu-demand.ts';
import {previewOperator} from './operator-preview.ts';
import {pictureOf} from './picture-of.ts';
import {assumePolicies} from './policy-sources.ts';

describe('foresight/after-plan', () => {
  let before: ClusterPicture;
  let after: ClusterPicture | undefined;

  beforeAll(async () => {
    before = pictureOf(moonlight());
    after = await planned(before);
  });

  async function planned(
    picture: ClusterPicture,
    spec: Parameters<typeof assumePolicies>[1] = {},
  ): Promise<ClusterPicture | undefined> {
    const caches = cachesOf(picture);
    assumePolicies(caches, spec);
    return afterPlan(picture, await previewOperator(caches, picture), caches);
  }

  function nodesOf(app: string): string[] {
    return (after?.objects ?? [])
      .filter(isPod)
      .filter(({metadata}) => metadata.labels?.['app'] === app)
      .map(({spec}) => spec.nodeName ?? '')
      .sort();
  }

  it('has every replica where its last move would have brought it', () => {
    expect(nodesOf('web')).toEqual(['node-1', 'node-2', 'node-3']);
    expect(nodesOf('redis')).toEqual(['node-1']);
  });

  it('has the rule in the template, in the ReplicaSets and in the pods', () => {
    const ofWeb = after?.objects.filter(({metadata}) => metadata.labels?.['app'] === 'web') ?? [];

    const withRule = ofWeb.filter((object) => JSON.stringify(object).includes('podAntiAffinity'));
    expect(withRule.map(({kind}) => kind).sort()).toEqual(['Deployment', 'Pod', 'Pod', 'Pod', 'ReplicaSet']);
  });

  it('survives what the cluster before did not', () => {
    const servicesDown = (picture: ClusterPicture) =>
      allLosses(picture, 1).losses.flatMap(({groups}) => groups.flatMap((group) => group.servicesDown));

    expect(servicesDown(before)).toContain('moonlight/web');
    expect(servicesDown(after ?? before)).not.toContain('moonlight/web');
  });

  it('leaves nothing more to move, and then there is no picture after it', async () => {
    expect(await planned(after ?? before, {injection: {mode: 'Disabled'}})).toBeUndefined();
  });
});
