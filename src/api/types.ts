/**
 * The types of the SpreadPolicy API, inferred from the schema. They are those of an object as the API server returns
 * it, with every default filled in; `Written…` is what a user may write.
 */
import type {API_VERSION, KIND} from './names.ts';
import type {Infer} from './openapi.ts';
import type {spreadPolicySchema} from './schema.ts';

/** What the operator reads of ObjectMeta; times are RFC 3339 strings, as in JSON. */
export interface PolicyMetadata {
  name: string;
  namespace: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: {[key: string]: string};
  annotations?: {[key: string]: string};
}

export interface SpreadPolicy {
  apiVersion: typeof API_VERSION;
  kind: typeof KIND;
  metadata: PolicyMetadata;
  spec: SpreadPolicySpec;
  status?: SpreadPolicyStatus;
}

type Properties = (typeof spreadPolicySchema)['properties'];

export type SpreadPolicySpec = Infer<Properties['spec']>;
export type LabelSelector = SpreadPolicySpec['selector'];
export type LabelSelectorRequirement = NonNullable<LabelSelector['matchExpressions']>[number];
export type Topology = SpreadPolicySpec['topologies'][number];
export type Distribution = Topology['distribution'];
export type WhenUnsatisfiable = Topology['whenUnsatisfiable'];
export type SeparateFrom = NonNullable<SpreadPolicySpec['separateFrom']>[number];
export type Injection = SpreadPolicySpec['injection'];
export type InjectionMode = Injection['mode'];
export type Eviction = SpreadPolicySpec['eviction'];
export type EvictionMode = Eviction['mode'];
export type EvictionWindow = NonNullable<Eviction['windows']>[number];
export type HotNodes = NonNullable<SpreadPolicySpec['hotNodes']>;

/** The spec as a user may write it: what has a default may be left out. */
export type WrittenSpec = Infer<Properties['spec'], 'Written'>;

export interface WrittenSpreadPolicy {
  apiVersion: typeof API_VERSION;
  kind: typeof KIND;
  metadata: Omit<PolicyMetadata, 'namespace'> & {namespace?: string};
  spec: WrittenSpec;
  status?: SpreadPolicyStatus;
}

export type SpreadPolicyStatus = Infer<Properties['status']>;
export type Condition = NonNullable<SpreadPolicyStatus['conditions']>[number];
export type Summary = NonNullable<SpreadPolicyStatus['summary']>;
export type WorkloadStatus = NonNullable<SpreadPolicyStatus['workloads']>[number];
export type WorkloadState = WorkloadStatus['state'];
export type TopologyStatus = NonNullable<WorkloadStatus['topologies']>[number];
export type DomainStatus = NonNullable<TopologyStatus['domains']>[number];
export type Blocked = NonNullable<WorkloadStatus['blocked']>;
export type BlockedReason = Blocked['reason'];
export type PlannedMove = NonNullable<WorkloadStatus['moves']>[number];
export type MoveInFlight = NonNullable<WorkloadStatus['inFlight']>[number];
export type BackOff = NonNullable<WorkloadStatus['backOff']>;
export type InjectionStatus = NonNullable<WorkloadStatus['injection']>;
export type InjectionState = InjectionStatus['state'];
