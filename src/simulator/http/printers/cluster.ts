/** Columns of the cluster's own objects: nodes, namespaces, services, events, RBAC, storage. */
import {asList, asObject, textOf, valueAt} from '../../apiserver/json.ts';
import type {ApiObject} from '../../cluster-api.ts';
import {age, ageColumn, at, column, labelsText, listAt, nameColumn, wide} from './columns.ts';
import type {TableColumn} from './index.ts';

const sizeOf =
  (...fields: string[]) =>
  (object: ApiObject): number =>
    fields.reduce((sum, field) => sum + Object.keys(asObject(object[field])).length, 0);

const bindingColumns: readonly TableColumn[] = [
  nameColumn,
  column(
    'Role',
    (object) => `${String(valueAt(object, 'roleRef', 'kind'))}/${String(valueAt(object, 'roleRef', 'name'))}`,
  ),
  ageColumn,
  wide('Users', subjectsOf('User')),
  wide('Groups', subjectsOf('Group')),
  wide('ServiceAccounts', subjectsOf('ServiceAccount')),
];

const createdAt: TableColumn = column('Created At', ({metadata}) => metadata.creationTimestamp, 'date');

export const clusterPrinters: Readonly<Record<string, readonly TableColumn[]>> = {
  nodes: [
    nameColumn,
    column('Status', nodeStatus),
    column('Roles', nodeRoles),
    ageColumn,
    column('Version', (node) => valueAt(node, 'status', 'nodeInfo', 'kubeletVersion') ?? ''),
    wide('Internal-IP', addressOf('InternalIP')),
    wide('External-IP', addressOf('ExternalIP')),
    wide('OS-Image', (node) => valueAt(node, 'status', 'nodeInfo', 'osImage') || '<unknown>'),
    wide('Kernel-Version', (node) => {
      const {kernelVersion, architecture} = asObject(valueAt(node, 'status', 'nodeInfo'));
      return `${textOf(kernelVersion || '<unknown>')}${architecture ? ` (${textOf(architecture)})` : ''}`;
    }),
    wide(
      'Container-Runtime',
      (node) => valueAt(node, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>',
    ),
  ],
  namespaces: [nameColumn, column('Status', at('status', 'phase')), ageColumn],
  configmaps: [nameColumn, column('Data', sizeOf('data', 'binaryData')), ageColumn],
  secrets: [nameColumn, column('Type', at('type')), column('Data', sizeOf('data')), ageColumn],
  serviceaccounts: [nameColumn, ageColumn],
  services: [
    nameColumn,
    column('Type', at('spec', 'type')),
    column('Cluster-IP', (service) => asList(valueAt(service, 'spec', 'clusterIPs'))[0] ?? '<none>'),
    column('External-IP', () => '<none>'),
    column('Port(s)', portsOf),
    ageColumn,
    wide('Selector', (service) => labelsText(valueAt(service, 'spec', 'selector'))),
  ],
  events: [
    column('Last Seen', lastSeen),
    column('Type', at('type')),
    column('Reason', at('reason')),
    column('Object', (event) => {
      const {kind, name} = asObject(event['involvedObject'] ?? event['regarding']);
      return name ? `${textOf(kind).toLowerCase()}/${textOf(name)}` : textOf(kind ?? '').toLowerCase();
    }),
    wide('Subobject', (event) => asObject(event['involvedObject'] ?? event['regarding'])['fieldPath'] ?? ''),
    wide('Source', sourceOf),
    column('Message', (event) => textOf(event['message'] ?? event['note'] ?? '').trim()),
    wide('First Seen', firstSeen),
    wide(
      'Count',
      (event) => valueAt(event, 'series', 'count') ?? event['count'] ?? event['deprecatedCount'] ?? 1,
    ),
    {...nameColumn, priority: 1},
  ],
  'leases.coordination.k8s.io': [
    nameColumn,
    column('Holder', (lease) => valueAt(lease, 'spec', 'holderIdentity') ?? ''),
    ageColumn,
  ],
  'clusterroles.rbac.authorization.k8s.io': [nameColumn, createdAt],
  'roles.rbac.authorization.k8s.io': [nameColumn, createdAt],
  'clusterrolebindings.rbac.authorization.k8s.io': bindingColumns,
  'rolebindings.rbac.authorization.k8s.io': bindingColumns,
  'storageclasses.storage.k8s.io': [
    nameColumn,
    column('Provisioner', at('provisioner')),
    column('ReclaimPolicy', at('reclaimPolicy')),
    column('VolumeBindingMode', at('volumeBindingMode')),
    column('AllowVolumeExpansion', (object) => object['allowVolumeExpansion'] === true),
    ageColumn,
  ],
  persistentvolumeclaims: [
    nameColumn,
    column('Status', (claim) =>
      claim.metadata.deletionTimestamp === undefined ? valueAt(claim, 'status', 'phase') : 'Terminating',
    ),
    column('Volume', (claim) => valueAt(claim, 'spec', 'volumeName') ?? ''),
    column('Capacity', (claim) => valueAt(claim, 'status', 'capacity', 'storage') ?? ''),
    column('Access Modes', accessModes('status')),
    column('StorageClass', (claim) => valueAt(claim, 'spec', 'storageClassName') ?? ''),
    column('VolumeAttributesClass', () => '<unset>'),
    ageColumn,
    wide('VolumeMode', at('spec', 'volumeMode')),
  ],
  persistentvolumes: [
    nameColumn,
    column('Capacity', (volume) => valueAt(volume, 'spec', 'capacity', 'storage') ?? ''),
    column('Access Modes', accessModes('spec')),
    column('Reclaim Policy', at('spec', 'persistentVolumeReclaimPolicy')),
    column('Status', at('status', 'phase')),
    column('Claim', (volume) => {
      const {namespace, name} = asObject(valueAt(volume, 'spec', 'claimRef'));
      return name === undefined ? '' : `${textOf(namespace)}/${textOf(name)}`;
    }),
    column('StorageClass', (volume) => valueAt(volume, 'spec', 'storageClassName') ?? ''),
    column('VolumeAttributesClass', () => '<unset>'),
    column('Reason', (volume) => valueAt(volume, 'status', 'reason') ?? ''),
    ageColumn,
    wide('VolumeMode', at('spec', 'volumeMode')),
  ],
  'priorityclasses.scheduling.k8s.io': [
    nameColumn,
    column('Value', at('value'), 'integer'),
    column('Global-Default', (object) => object['globalDefault'] === true, 'boolean'),
    ageColumn,
    column('PreemptionPolicy', at('preemptionPolicy')),
  ],
  'endpointslices.discovery.k8s.io': [
    nameColumn,
    column('AddressType', at('addressType')),
    column(
      'Ports',
      (slice) =>
        listAt(slice, 'ports')
          .map(({port}) => String(port))
          .join(',') || '<unset>',
    ),
    column(
      'Endpoints',
      (slice) =>
        listAt(slice, 'endpoints')
          .flatMap(({addresses}) => asList(addresses))
          .slice(0, 3)
          .join(',') || '<unset>',
    ),
    ageColumn,
  ],
  'apiservices.apiregistration.k8s.io': [
    nameColumn,
    column('Service', (object) => {
      const {namespace, name} = asObject(valueAt(object, 'spec', 'service'));
      return name === undefined ? 'Local' : `${textOf(namespace)}/${textOf(name)}`;
    }),
    column(
      'Available',
      (object) =>
        listAt(object, 'status', 'conditions').find(({type}) => type === 'Available')?.['status'] ??
        'Unknown',
    ),
    ageColumn,
  ],
};

function nodeStatus(node: ApiObject): string {
  const ready = listAt(node, 'status', 'conditions').find(({type}) => type === 'Ready');
  const status = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady';
  return valueAt(node, 'spec', 'unschedulable') === true ? `${status},SchedulingDisabled` : status;
}

function nodeRoles({metadata}: ApiObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(prefix)) return key.length > prefix.length ? [key.slice(prefix.length)] : [];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return roles.sort().join(',') || '<none>';
}

function addressOf(wanted: string) {
  return (node: ApiObject) =>
    listAt(node, 'status', 'addresses').find(({type}) => type === wanted)?.['address'] ?? '<none>';
}

function portsOf(service: ApiObject): string {
  const ports = listAt(service, 'spec', 'ports').map(({port, nodePort, protocol}) =>
    nodePort
      ? `${textOf(port)}:${textOf(nodePort)}/${textOf(protocol)}`
      : `${String(port)}/${String(protocol)}`,
  );
  return ports.join(',') || '<none>';
}

function firstSeen(event: ApiObject, now: number): string {
  return age(event['firstTimestamp'] ?? event['deprecatedFirstTimestamp'] ?? event['eventTime'], now);
}

function lastSeen(event: ApiObject, now: number): string {
  const series = valueAt(event, 'series', 'lastObservedTime');
  if (series !== undefined) return age(series, now);
  const last = event['lastTimestamp'] ?? event['deprecatedLastTimestamp'];
  return last === undefined || last === null ? firstSeen(event, now) : age(last, now);
}

function sourceOf(event: ApiObject): string {
  const {component, host} = asObject(event['source'] ?? event['deprecatedSource']);
  const name = textOf(component || event['reportingComponent'] || event['reportingController'] || '');
  const instance = textOf(host || event['reportingInstance'] || '');
  return instance === '' ? name : `${name}, ${instance}`;
}

function subjectsOf(wanted: string) {
  return (binding: ApiObject) =>
    listAt(binding, 'subjects')
      .filter(({kind}) => kind === wanted)
      .map(({namespace, name}) =>
        wanted === 'ServiceAccount' ? `${String(namespace)}/${String(name)}` : String(name),
      )
      .join(', ');
}

const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

function accessModes(from: 'spec' | 'status') {
  return (object: ApiObject) =>
    asList(valueAt(object, from, 'accessModes'))
      .map((mode) => MODES[String(mode)] ?? String(mode))
      .join(',');
}
