import {describe, expect, it} from '@jest/globals';
import {cachesOf} from '../../foresight/cluster-picture.ts';
import type {OperatorPreview} from '../../foresight/operator-preview.ts';
import {previewOperator} from '../../foresight/operator-preview.ts';
import {pictureOf} from '../../foresight/picture-of.ts';
import {assumePolicies} from '../../foresight/policy-sources.ts';
import {moonlight} from '../../simulator/demo/moonlight.ts';
import {withoutIdleEdits} from './edits.ts';

describe('cli/report/edits', () => {
  async function preview(withRule: boolean): Promise<OperatorPreview> {
    const picture = pictureOf(moonlight({withRule}));
    const caches = cachesOf(picture);
    assumePolicies(caches);
    return await previewOperator(caches, picture);
  }

  function edited({workloads}: OperatorPreview): string[] {
    return workloads.filter(({edit}) => edit !== undefined).map(({workload}) => workload.name);
  }

  it('leaves out the rule of a single replica that no policy asks for', async () => {
    const all = await preview(false);

    expect(edited(all)).toEqual(['redis', 'ssr', 'web']);
    expect(edited(withoutIdleEdits(all))).toEqual(['ssr', 'web']);
  });

  it('leaves out a rule that somebody else has put there already', async () => {
    const all = await preview(true);

    expect(edited(withoutIdleEdits(all))).toEqual([]);
    expect(withoutIdleEdits(all).workloads).toHaveLength(3);
  });
});
