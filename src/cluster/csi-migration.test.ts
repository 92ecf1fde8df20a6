import {describe, expect, it} from '@jest/globals';
import {type ApiMigratedSource, migratedNodeAffinity, migratedVolume} from './csi-migration.ts';
import type {NodeSelectorTerm} from './pod-spec.ts';

const ZONE = 'topology.kubernetes.io/zone';
const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';
const BETA_REGION = 'failure-domain.beta.kubernetes.io/region';

describe('migratedVolume', () => {
  const gce: ApiMigratedSource = {gcePersistentDisk: {pdName: 'disk'}};

  it.each<[string, ApiMigratedSource, Record<string, string>, string]>([
    ['an EBS volume', {awsElasticBlockStore: {volumeID: 'vol-1'}}, {}, 'ebs.csi.aws.com vol-1'],
    ['with its zone', {awsElasticBlockStore: {volumeID: 'aws://a/vol-1'}}, {}, 'ebs.csi.aws.com vol-1'],
    ['without', {awsElasticBlockStore: {volumeID: 'aws:///vol-1'}}, {}, 'ebs.csi.aws.com vol-1'],
    ['a GCE disk', gce, {}, 'pd.csi.storage.gke.io projects/UNSPECIFIED/zones/UNSPECIFIED/disks/disk'],
    [
      'of a zone',
      gce,
      {[ZONE]: 'us-east1-a'},
      'pd.csi.storage.gke.io projects/UNSPECIFIED/zones/us-east1-a/disks/disk',
    ],
    [
      'of a region',
      gce,
      {[BETA_ZONE]: 'us-east1-a__us-east1-b'},
      'pd.csi.storage.gke.io projects/UNSPECIFIED/regions/us-east1/disks/disk',
    ],
    ['an Azure disk', {azureDisk: {diskURI: '/d', kind: 'Managed'}}, {}, 'disk.csi.azure.com /d'],
    ['a Cinder volume', {cinder: {volumeID: 'c'}}, {}, 'cinder.csi.openstack.org c'],
    ['a Portworx volume', {portworxVolume: {volumeID: 'p'}}, {}, 'pxd.portworx.com p'],
  ])('names %s as its driver does', (_what, source, labels, name) => {
    const {csi} = migratedVolume(source, labels) ?? {};

    expect(`${csi?.driver} ${csi?.handle}`).toBe(name);
  });

  it.each<[string, ApiMigratedSource, Record<string, string>, RegExp]>([
    [
      'an EBS volume by another scheme',
      {awsElasticBlockStore: {volumeID: 'aws://a/disk'}},
      {},
      /aws:\/\/a\/disk/,
    ],
    ['a disk of zones in two regions', gce, {[ZONE]: 'us-east1-a__us-west1-a'}, /region from zones/],
    ['an unmanaged Azure disk', {azureDisk: {diskURI: '/d', kind: 'Dedicated'}}, {}, /kind\(Dedicated\)/],
  ])('says why it cannot name %s', (_what, source, labels, problem) => {
    const migrated = migratedVolume(source, labels);

    expect(migrated?.csi).toBeUndefined();
    expect(migrated?.problem).toMatch(problem);
  });

  it('leaves everything else alone', () => {
    expect(migratedVolume({})).toBeUndefined();
  });
});

describe('migratedNodeAffinity', () => {
  const KEY = 'topology.example.com/zone';
  const term = (key: string, ...values: string[]): NodeSelectorTerm => ({
    matchExpressions: [{key, operator: 'In', values}],
  });

  it.each<[string, NodeSelectorTerm[] | undefined, Record<string, string>, NodeSelectorTerm[] | undefined]>([
    ['the zone of the affinity', [term(ZONE, 'a')], {[ZONE]: 'b'}, [term(KEY, 'a')]],
    ['its beta zone', [term(BETA_ZONE, 'a')], {}, [term(KEY, 'a')]],
    [
      'the stable one of both',
      [term(ZONE, 'a'), term(BETA_ZONE, 'b')],
      {},
      [term(KEY, 'a'), term(BETA_ZONE, 'b')],
    ],
    ['the zones of the label', undefined, {[ZONE]: 'a__ b__'}, [term(KEY, 'a', 'b')]],
    [
      'the label beside another term',
      [term('disk', 'ssd')],
      {[BETA_ZONE]: 'a'},
      [
        {
          matchExpressions: [
            ...(term('disk', 'ssd').matchExpressions ?? []),
            ...(term(KEY, 'a').matchExpressions ?? []),
          ],
        },
      ],
    ],
    [
      'a beta region by its stable key',
      [term(BETA_ZONE, 'a'), term(BETA_REGION, 'r')],
      {},
      [term(KEY, 'a'), term(REGION, 'r')],
    ],
    ['no zone at all', undefined, {}, undefined],
  ])('reads %s', (_what, terms, labels, expected) => {
    expect(migratedNodeAffinity(terms, labels, KEY)).toEqual(expected);
  });
});
