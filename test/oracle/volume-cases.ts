/**
 * Storage for a random scheduling case: claims, volumes and what hangs on them. As in cases.ts, few names, so that
 * volumes are shared, missing, full and out of reach often enough.
 */
import * as fc from 'fast-check';
import type {LabelSelector} from '../../src/cluster/label-selector.ts';
import type {ApiMeta, ApiNode} from '../../src/cluster/node.ts';
import type {ApiPod} from '../../src/cluster/pod.ts';
import type {NodeSelectorTerm} from '../../src/cluster/pod-spec.ts';
import type {ApiPodVolume} from '../../src/cluster/pod-volumes.ts';
import type {
  AccessMode,
  ApiCsiNode,
  ApiPersistentVolume,
  ApiPersistentVolumeClaim,
  ApiStorageClass,
  ApiVolumeAttachment,
} from '../../src/cluster/volumes.ts';
import type {ApiStorage, SchedulingCase} from './oracle.ts';

const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';
const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';
const BETA_REGION = 'failure-domain.beta.kubernetes.io/region';
const VOLUMES = ['pv-1', 'pv-2', 'pv-3', 'pv-4', 'pv-5'];
const CLAIMS = ['claim-1', 'claim-2', 'claim-3', 'claim-4'];
const DRIVERS = ['csi.example.com', 'ebs.csi.aws.com', 'pd.csi.storage.gke.io', 'disk.csi.azure.com'];
const PLUGINS = ['kubernetes.io/aws-ebs', 'kubernetes.io/gce-pd', 'kubernetes.io/cinder'];
const DELETED = '2026-01-01T00:00:00Z';

/** True once in `of` times. */
const oneIn = (of: number): fc.Arbitrary<boolean> =>
  fc.oneof({weight: of - 1, arbitrary: fc.constant(false)}, {weight: 1, arbitrary: fc.constant(true)});

/** Absent `absences` times for each time that it is there. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>, absences: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({weight: absences, arbitrary: fc.constant(undefined)}, {weight: 1, arbitrary});

const meta = (name: string, rest: Partial<ApiMeta> = {}): ApiMeta => ({
  name,
  uid: name,
  resourceVersion: '1',
  ...rest,
});

const readOnly = fc.constantFrom<{readOnly?: boolean}>({}, {}, {readOnly: true});

type Source = Omit<ApiPodVolume, 'name'>;

/** Those that two pods of a node cannot always share. */
const restrictedDisk: fc.Arbitrary<Source> = fc.oneof(
  fc
    .tuple(fc.constantFrom('disk-1', 'disk-2'), readOnly)
    .map(([pdName, mode]) => ({gcePersistentDisk: {pdName, ...mode}})),
  fc
    .tuple(fc.constantFrom('vol-1', 'aws://a/vol-1', 'aws:///vol-2'), readOnly)
    .map(([volumeID, mode]) => ({awsElasticBlockStore: {volumeID, ...mode}})),
  fc
    .tuple(fc.constantFrom('iqn-1', 'iqn-2'), readOnly)
    .map(([iqn, mode]) => ({iscsi: {targetPortal: '10.0.0.1', iqn, lun: 0, ...mode}})),
  fc
    .record({
      monitors: fc.subarray(['m1', 'm2', 'm3'], {minLength: 1}),
      pool: fc.constantFrom(undefined, 'rbd', 'other'),
      mode: readOnly,
    })
    .map(({monitors, pool, mode}) => ({
      rbd: {monitors, image: 'image', ...(pool === undefined ? {} : {pool}), ...mode},
    })),
);

const otherDisk = fc.constantFrom<Source>(
  {azureDisk: {diskName: 'disk', diskURI: '/disks/1', kind: 'Managed'}},
  {cinder: {volumeID: 'c-1'}},
  {portworxVolume: {volumeID: 'p-1'}},
);

const disk = fc.oneof({weight: 4, arbitrary: restrictedDisk}, {weight: 1, arbitrary: otherDisk});

const mounted: fc.Arbitrary<Source> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(...CLAIMS).map((claimName) => ({persistentVolumeClaim: {claimName}})),
  },
  {weight: 3, arbitrary: disk},
  {
    weight: 1,
    arbitrary: fc.constant({ephemeral: {volumeClaimTemplate: {spec: {storageClassName: 'waits'}}}}),
  },
);

const named = (volumes: readonly Source[]): ApiPodVolume[] =>
  volumes.map((volume, index) => ({name: `data-${index + 1}`, ...volume}));

const source: fc.Arbitrary<ApiPersistentVolume['spec']> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      csi: fc.record({
        driver: fc.constantFrom(...DRIVERS),
        volumeHandle: fc.constantFrom('vol-1', 'vol-2', 'h-1', 'h-2', ''),
      }),
    }),
  },
  {weight: 1, arbitrary: fc.constant({awsElasticBlockStore: {volumeID: 'aws://a/vol-1'}})},
  {weight: 1, arbitrary: fc.constant({gcePersistentDisk: {pdName: 'disk-1'}})},
  {
    weight: 1,
    arbitrary: fc.constant({azureDisk: {diskName: 'disk', diskURI: '/disks/1', kind: 'Managed'}}),
  },
  {weight: 1, arbitrary: fc.constant({cinder: {volumeID: 'c-1'}})},
  {weight: 1, arbitrary: fc.constant({portworxVolume: {volumeID: 'p-1'}})},
  {weight: 2, arbitrary: fc.constant({local: {path: '/data'}})},
);

const affinityTerm: fc.Arbitrary<NodeSelectorTerm> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        key: fc.constantFrom(ZONE, ZONE, BETA_ZONE, 'topology.ebs.csi.aws.com/zone'),
        values: fc.subarray(['a', 'b', 'c'], {minLength: 1}),
      })
      .map(({key, values}) => ({matchExpressions: [{key, operator: 'In' as const, values}]})),
  },
  {
    weight: 2,
    arbitrary: fc.subarray(['node-1', 'node-2', 'node-3', 'node-4'], {minLength: 1}).map((values) => ({
      matchExpressions: [{key: 'kubernetes.io/hostname', operator: 'In' as const, values}],
    })),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<NodeSelectorTerm>(
      {matchExpressions: [{key: BETA_REGION, operator: 'In', values: ['r']}]},
      {
        matchExpressions: [
          {key: BETA_ZONE, operator: 'In', values: ['a']},
          {key: BETA_REGION, operator: 'In', values: ['r']},
        ],
      },
      {
        matchExpressions: [
          {key: ZONE, operator: 'In', values: ['a']},
          {key: BETA_ZONE, operator: 'In', values: ['a']},
        ],
      },
      {matchExpressions: [{key: 'disk', operator: 'Exists'}]},
      {matchExpressions: [{key: ZONE, operator: 'Exists'}]},
      {matchExpressions: [{key: 'rank', operator: 'Gt', values: ['5']}]},
      {matchExpressions: [{key: 'disk', operator: 'In', values: []}]},
      {matchFields: [{key: 'metadata.name', operator: 'In', values: ['node-1']}]},
      {matchFields: [{key: 'metadata.name', operator: 'In', values: ['node-1', 'node-2']}]},
      {},
    ),
  },
);

const zoneLabels: fc.Arbitrary<Record<string, string>> = fc.oneof(
  {weight: 3, arbitrary: fc.constant({})},
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(ZONE, ZONE, BETA_ZONE),
        fc.constantFrom('a', 'b', 'a__b', 'b__c', ' a __b', 'a__'),
      )
      .map(([key, value]) => ({[key]: value})),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>>(
      {[REGION]: 'r'},
      {[BETA_REGION]: 'r', [ZONE]: 'a'},
      {[ZONE]: 'a', [BETA_ZONE]: 'b'},
    ),
  },
);

const accessModes = fc.constantFrom<AccessMode[]>(
  ['ReadWriteOnce'],
  ['ReadWriteOnce', 'ReadOnlyMany'],
  ['ReadWriteMany'],
  ['ReadWriteOncePod'],
  ['ReadWriteOnce', 'ReadWriteOncePod'],
);

const storageClassName = fc.constantFrom('waits', 'by-hand', 'ebs', 'instant', 'gone', '');

const persistentVolume = (
  name: string,
  index: number,
  namespace: string,
): fc.Arbitrary<ApiPersistentVolume> =>
  fc
    .record({
      source,
      labels: zoneLabels,
      terms: seldom(fc.array(affinityTerm, {maxLength: 2}), 1),
      modes: accessModes,
      storageClassName: fc.constantFrom('by-hand', 'by-hand', 'by-hand', 'waits', 'ebs', ''),
      beta: oneIn(9),
      isBlock: oneIn(9),
      hasAttributes: oneIn(15),
      phase: fc.constantFrom('Available', 'Available', 'Available', 'Released'),
      claimRef: seldom(
        fc.record({
          name: fc.constantFrom(...CLAIMS),
          uid: fc.constantFrom('claim-1', 'claim-2', 'other', ''),
        }),
        2,
      ),
      isDeleted: oneIn(12),
    })
    .map(({source, labels, terms, modes, storageClassName, claimRef, phase, ...rest}) => ({
      metadata: meta(name, {
        // A disk in several zones that are not of one region cannot be translated, and the scheduler gives up on it.
        labels: source?.gcePersistentDisk === undefined ? labels : singleZone(labels),
        ...(rest.isDeleted ? {deletionTimestamp: DELETED} : {}),
        ...(rest.beta ? {annotations: {'volume.beta.kubernetes.io/storage-class': 'by-hand'}} : {}),
      }),
      spec: {
        ...source,
        // No two alike: which one of equal volumes the scheduler takes is up to the order of a Go map.
        capacity: {storage: `${[3, 1, 4, 2, 5][index] ?? 6}Gi`},
        accessModes: modes,
        storageClassName,
        ...(terms === undefined ? {} : {nodeAffinity: {required: {nodeSelectorTerms: terms}}}),
        ...(rest.isBlock ? {volumeMode: 'Block' as const} : {}),
        ...(rest.hasAttributes ? {volumeAttributesClassName: 'gold'} : {}),
        ...(claimRef === undefined
          ? {}
          : {
              claimRef: {
                namespace,
                name: claimRef.name,
                ...(claimRef.uid === '' ? {} : {uid: claimRef.uid}),
              },
            }),
      },
      status: {phase},
    }));

/** Of two volumes that are set aside for one claim, the scheduler takes the first of a Go map. */
function onePerClaim(volumes: readonly ApiPersistentVolume[]): ApiPersistentVolume[] {
  const taken = new Set<string>();
  return volumes.map((volume) => {
    const {claimRef, ...spec} = volume.spec ?? {};
    const name = claimRef?.name ?? '';
    if (claimRef === undefined || taken.has(name)) {
      return {...volume, spec};
    }
    taken.add(name);
    return volume;
  });
}

function singleZone(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [
      key,
      value.includes('__')
        ? value.replaceAll(/\s*(\w)(?=\s*__|$)/g, 'us-east1-$1').replace(/__$/, '')
        : value,
    ]),
  );
}

const claimState = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(...VOLUMES)
      .map((volumeName) => ({volumeName, bindCompleted: true, phase: 'Bound'})),
  },
  {
    weight: 4,
    arbitrary: fc.constant({volumeName: undefined, bindCompleted: false, phase: 'Pending'}),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      {volumeName: 'pv-1', bindCompleted: false, phase: 'Pending'},
      {volumeName: 'gone', bindCompleted: true, phase: 'Bound'},
      {volumeName: 'gone', bindCompleted: true, phase: 'Lost'},
      {volumeName: undefined, bindCompleted: true, phase: 'Bound'},
    ),
  },
);

const claim = (
  name: string,
  namespace: string,
  owner?: {name: string; uid: string},
): fc.Arbitrary<ApiPersistentVolumeClaim> =>
  fc
    .record({
      state: claimState,
      modes: accessModes,
      storageClassName: fc.oneof(
        {weight: 1, arbitrary: storageClassName},
        {weight: 3, arbitrary: fc.constantFrom('waits', 'by-hand')},
      ),
      size: fc.constantFrom('1Gi', '2Gi', '3500Mi', undefined),
      selectedNode: seldom(fc.constantFrom('node-1', 'node-2'), 9),
      selector: seldom(
        fc.constantFrom<LabelSelector>(
          {matchLabels: {[ZONE]: 'a'}},
          {matchExpressions: [{key: ZONE, operator: 'Exists'}]},
        ),
        9,
      ),
      isBlock: oneIn(12),
      isDeleted: oneIn(20),
      uid: fc.constantFrom(name, 'other'),
    })
    .map(({state, modes, storageClassName, size, selectedNode, selector, isBlock, isDeleted, uid}) => ({
      metadata: meta(name, {
        namespace,
        uid,
        annotations: {
          ...(state.bindCompleted ? {'pv.kubernetes.io/bind-completed': 'yes'} : {}),
          ...(selectedNode === undefined ? {} : {'volume.kubernetes.io/selected-node': selectedNode}),
        },
        ...(isDeleted ? {deletionTimestamp: DELETED} : {}),
        ...(owner === undefined
          ? {}
          : {ownerReferences: [{apiVersion: 'v1', kind: 'Pod', controller: true, ...owner}]}),
      }),
      spec: {
        accessModes: modes,
        ...(storageClassName === '' ? {} : {storageClassName}),
        ...(state.volumeName === undefined ? {} : {volumeName: state.volumeName}),
        ...(size === undefined ? {} : {resources: {requests: {storage: size}}}),
        ...(selector === undefined ? {} : {selector}),
        ...(isBlock ? {volumeMode: 'Block' as const} : {}),
      },
      status: {phase: state.phase},
    }));

const allowedTopologies = fc.constantFrom<ApiStorageClass['allowedTopologies']>(
  [],
  [],
  [{matchLabelExpressions: [{key: ZONE, values: ['a', 'b']}]}],
  [
    {
      matchLabelExpressions: [
        {key: ZONE, values: ['a']},
        {key: 'disk', values: ['ssd']},
      ],
    },
    {matchLabelExpressions: [{key: 'rack', values: ['1']}]},
  ],
  [{}],
);

const storageClasses: fc.Arbitrary<ApiStorageClass[]> = allowedTopologies.map((topologies) => [
  {
    metadata: meta('waits'),
    provisioner: 'csi.example.com',
    volumeBindingMode: 'WaitForFirstConsumer',
    ...(topologies === undefined ? {} : {allowedTopologies: topologies}),
  },
  {
    metadata: meta('by-hand'),
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  },
  {
    metadata: meta('ebs'),
    provisioner: 'kubernetes.io/aws-ebs',
    volumeBindingMode: 'WaitForFirstConsumer',
  },
  {metadata: meta('instant'), provisioner: 'csi.example.com', volumeBindingMode: 'Immediate'},
]);

const csiNode = (name: string): fc.Arbitrary<ApiCsiNode | undefined> =>
  fc.option(
    fc
      .record({
        limits: fc.tuple(
          ...DRIVERS.map((driver) =>
            fc.constantFrom(undefined, undefined, 0, 1, 2).map((count) => ({
              name: driver,
              nodeID: name,
              ...(count === undefined ? {} : {allocatable: {count}}),
            })),
          ),
        ),
        migrated: fc.subarray(PLUGINS),
      })
      .map(({limits, migrated}) => ({
        metadata: meta(name, {
          annotations: {'storage.alpha.kubernetes.io/migrated-plugins': migrated.join(',')},
        }),
        spec: {drivers: limits},
      })),
    {nil: undefined, freq: 9},
  );

const volumeAttachment = (nodeNames: readonly string[], index: number): fc.Arbitrary<ApiVolumeAttachment> =>
  fc
    .record({
      attacher: fc.constantFrom(...DRIVERS),
      nodeName: fc.constantFrom(...nodeNames),
      persistentVolumeName: fc.constantFrom(...VOLUMES, 'gone'),
    })
    .map(({attacher, nodeName, persistentVolumeName}) => ({
      metadata: meta(`attachment-${index}`),
      spec: {attacher, nodeName, source: {persistentVolumeName}},
    }));

/** What the labels and affinities of volumes ask for, beyond the zone. */
const nodeLabels = fc.constantFrom<Record<string, string>>(
  {},
  {},
  {},
  {[REGION]: 'r'},
  {[BETA_ZONE]: 'a'},
  {[BETA_REGION]: 'r'},
  {'topology.ebs.csi.aws.com/zone': 'a', [REGION]: 'r'},
  {'topology.gke.io/zone': 'a'},
);

function labelled({metadata, ...node}: ApiNode, labels: Record<string, string>): ApiNode {
  return {...node, metadata: {...metadata, labels: {...metadata.labels, ...labels}}};
}

/** Pods whose claims are all free to be bound to a volume made by hand: which of them, and is there one for each? */
function aboutBinding(volume: ApiPersistentVolume): ApiPersistentVolume {
  return {
    ...volume,
    metadata: {...volume.metadata, annotations: {}},
    spec: {
      ...volume.spec,
      storageClassName: 'by-hand',
      accessModes: ['ReadWriteOnce', 'ReadWriteMany', 'ReadWriteOncePod', 'ReadOnlyMany'],
    },
  };
}

function freeToBind({metadata, spec}: ApiPersistentVolumeClaim): ApiPersistentVolumeClaim {
  const {volumeName: _, ...rest} = spec ?? {};
  return {
    metadata: {...metadata, annotations: {}},
    spec: {...rest, accessModes: ['ReadWriteOnce'], storageClassName: 'by-hand'},
    status: {phase: 'Pending'},
  };
}

/** The case with volumes in its pods, and with the storage that they ask for, or most of it. */
export function withStorage(input: SchedulingCase): fc.Arbitrary<SchedulingCase> {
  const nodeNames = input.nodes.map(({metadata}) => metadata.name);
  const namespace = input.pod.metadata.namespace ?? 'default';
  return fc
    .record({
      ofNewcomer: fc.array(mounted, {minLength: 1, maxLength: 3}).map(named),
      ofPods: fc.tuple(...input.pods.map(() => fc.array(mounted, {maxLength: 2}).map(named))),
      ofNominees: fc.tuple(
        ...(input.nominated ?? []).map(() => fc.array(mounted, {maxLength: 2}).map(named)),
      ),
      missing: fc.oneof(
        {weight: 9, arbitrary: fc.constant('')},
        {weight: 1, arbitrary: fc.constantFrom(...CLAIMS)},
      ),
      isForeign: oneIn(5),
      isAboutBinding: oneIn(3),
      volumes: fc
        .tuple(...VOLUMES.map((name, index) => persistentVolume(name, index, namespace)))
        .map(onePerClaim),
      claims: fc.tuple(...CLAIMS.map((name) => claim(name, namespace))),
      classes: storageClasses,
      csiNodes: fc.tuple(...nodeNames.map(csiNode)),
      nodeLabels: fc.tuple(...nodeNames.map(() => nodeLabels)),
      attachments: fc.tuple(...[1, 2].map((index) => volumeAttachment(nodeNames, index))),
    })
    .chain((storage) => {
      const pods = input.pods.map((pod, index) => mounting(pod, storage.ofPods[index] ?? []));
      const nominated = (input.nominated ?? []).map((pod, index) =>
        mounting(pod, storage.ofNominees[index] ?? []),
      );
      const newcomer = mounting(input.pod, storage.ofNewcomer);
      // Of other pods only their own: the scheduler gives up on a node where that is not so.
      const own = [
        ...[...pods, ...nominated].flatMap((pod) => ephemeralClaims(pod, pod.metadata)),
        ...ephemeralClaims(newcomer, storage.isForeign ? {name: 'other', uid: 'other'} : newcomer.metadata),
      ];
      return fc.tuple(...own).map((ephemeral): SchedulingCase => {
        const objects: ApiStorage = {
          persistentVolumes: storage.isAboutBinding ? storage.volumes.map(aboutBinding) : storage.volumes,
          persistentVolumeClaims: [
            ...storage.claims
              .filter(({metadata}) => metadata.name !== storage.missing)
              .map((each) => (storage.isAboutBinding ? freeToBind(each) : each)),
            ...ephemeral.flatMap((each) => each ?? []),
          ],
          storageClasses: storage.classes,
          csiNodes: storage.csiNodes.flatMap((each) => each ?? []),
          csiDrivers: [{metadata: meta('csi.example.com'), spec: {storageCapacity: false}}],
          volumeAttachments: storage.attachments,
        };
        const nodes = input.nodes.map((node, index) => labelled(node, storage.nodeLabels[index] ?? {}));
        return {...input, nodes, pods, nominated, pod: newcomer, storage: objects};
      });
    });
}

function mounting(pod: ApiPod, volumes: readonly ApiPodVolume[]): ApiPod {
  return {...pod, spec: {...pod.spec, volumes: [...(pod.spec.volumes ?? []), ...volumes]}};
}

/** Seldom missing: the controller has not made it yet. */
function ephemeralClaims(
  {metadata, spec}: ApiPod,
  {name, uid}: {name: string; uid: string},
): fc.Arbitrary<ApiPersistentVolumeClaim | undefined>[] {
  return (spec.volumes ?? [])
    .filter(({ephemeral}) => ephemeral !== undefined)
    .map((volume) =>
      fc.option(claim(`${metadata.name}-${volume.name}`, metadata.namespace ?? 'default', {name, uid}), {
        nil: undefined,
        freq: 7,
      }),
    );
}
