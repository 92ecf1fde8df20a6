import {describe, expect, it} from '@jest/globals';
import type {Finding} from './finding.ts';
import type {ManifestObject} from './manifest-object.ts';
import {ignoredBy, withSuppressions} from './suppression.ts';

const FINDING: Finding = {
  rule: 'single-replica',
  level: 'note',
  object: {kind: 'Deployment', namespace: 'shop', name: 'redis'},
  position: {file: 'a.yaml', line: 1, column: 1},
  title: 'one',
  why: [],
  cure: {text: 'two'},
};

function manifest(annotation?: string): ManifestObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'redis',
    content: {metadata: {annotations: {'spread-operator.io/ignore-findings': annotation}}},
    locate: () => FINDING.position,
  };
}

describe('foresight/check/suppression', () => {
  it('reads findings and their reasons from the annotation, and none without a reason', () => {
    expect([...ignoredBy(manifest('a: because: of; b ;c:; d: yes'))]).toEqual([
      ['a', 'because: of'],
      ['d', 'yes'],
    ]);
  });

  it.each([
    ['Deployment shop/redis', true],
    ['Deployment */redis', true],
    ['* shop/*', true],
    ['Deployment red*', true],
    ['*', true],
    ['StatefulSet shop/redis', false],
    ['Deployment shop/red', false],
    ['Deployment other/redis', false],
    ['Deployment shop/r.dis', false],
  ])('takes %s of the configuration for the object: %s', (object, isMeant) => {
    const entries = [{rule: 'single-replica', object, reason: 'a cache'}];

    const [finding] = withSuppressions(
      [FINDING],
      {manifests: [manifest()], defaultNamespace: 'default'},
      entries,
    );

    expect(finding?.suppressed).toEqual(isMeant ? {by: 'configuration', reason: 'a cache'} : undefined);
  });

  it('silences no other finding of the object', () => {
    const request = {manifests: [manifest('cpu-cascade: known')], defaultNamespace: 'default'};

    expect(withSuppressions([FINDING], request, [])).toEqual([FINDING]);
  });
});
