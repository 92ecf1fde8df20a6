/**
 * Which ReplicaSet belongs to which template, and the revision annotations. Pure.
 * Source: pkg/controller/deployment/util/deployment_util.go of Kubernetes 1.36.
 */
import {compareText} from '../../../cluster/snapshot.ts';
import {hash32, safeEncode} from '../../engine/random.ts';
import type {DeploymentObject, PodTemplate, ReplicaSetObject} from '../../objects.ts';

export const TEMPLATE_HASH = 'pod-template-hash';
export const REVISION = 'deployment.kubernetes.io/revision';
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
const NOT_COPIED: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
]);
// maxRevHistoryLengthInChars
const LONGEST_HISTORY = 2000;

/**
 * Same template, same hash; the value is not the one that the real controller computes, which hashes Go's memory
 * layout of the template.
 */
export function templateHash(template: PodTemplate, collisionCount: number | undefined): string {
  const text = comparable(template) + (collisionCount === undefined ? '' : `#${collisionCount}`);
  return safeEncode(String(hash32(text)));
}

/** The oldest ReplicaSet with the Deployment's template. FindNewReplicaSet. */
export function findNewReplicaSet(
  {spec}: DeploymentObject,
  replicaSets: readonly ReplicaSetObject[],
): ReplicaSetObject | undefined {
  const wanted = comparable(spec.template);
  return [...replicaSets]
    .sort(byCreation)
    .find((replicaSet) => comparable(replicaSet.spec.template) === wanted);
}

export function byCreation(a: ReplicaSetObject, b: ReplicaSetObject): number {
  return (
    compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
    compareText(a.metadata.name, b.metadata.name)
  );
}

export function revisionOf({metadata}: {metadata: ReplicaSetObject['metadata']}): number {
  return Number.parseInt(metadata.annotations?.[REVISION] ?? '0', 10) || 0;
}

export function highestRevision(replicaSets: readonly ReplicaSetObject[]): number {
  return Math.max(0, ...replicaSets.map(revisionOf));
}

export function desiredReplicasOf({metadata}: ReplicaSetObject): number | undefined {
  return countIn(metadata.annotations?.[DESIRED_REPLICAS]);
}

export function maxReplicasOf({metadata}: ReplicaSetObject): number {
  return countIn(metadata.annotations?.[MAX_REPLICAS]) ?? 0;
}

/** SetReplicasAnnotations */
export function sizeAnnotations(desired: number, most: number): Record<string, string> {
  return {[DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(most)};
}

/** SetNewReplicaSetAnnotations: those of the newest ReplicaSet, which are the Deployment's own and its revision. */
export function newReplicaSetAnnotations(
  deployment: DeploymentObject,
  known: Readonly<Record<string, string>> | undefined,
  revision: number,
): Record<string, string> {
  const annotations: Record<string, string> = {...known};
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!NOT_COPIED.has(key)) {
      annotations[key] = value;
    }
  }
  const before = annotations[REVISION];
  if ((Number.parseInt(before ?? '0', 10) || 0) < revision) {
    annotations[REVISION] = String(revision);
    if (before !== undefined) {
      annotations[REVISION_HISTORY] = withRevision(annotations[REVISION_HISTORY], before);
    }
  }
  return annotations;
}

// A ReplicaSet that is rolled back to keeps the revisions that it had before.
function withRevision(history: string | undefined, revision: string): string {
  const revisions = history === undefined || history === '' ? [] : history.split(',');
  revisions.push(revision);
  while (revisions.join(',').length > LONGEST_HISTORY) {
    revisions.shift();
  }
  return revisions.join(',');
}

function countIn(annotation: string | undefined): number | undefined {
  const count = Number(annotation ?? Number.NaN);
  return Number.isInteger(count) && count >= 0 ? count : undefined;
}

const COMPARABLE = new WeakMap<PodTemplate, string>();

/** The template as text, whatever the order of its fields, without the hash label. EqualIgnoreHash compares this. */
function comparable(template: PodTemplate): string {
  let text = COMPARABLE.get(template);
  if (text === undefined) {
    const {[TEMPLATE_HASH]: _hash, ...labels} = template.metadata?.labels ?? {};
    text = sortedJson({...template, metadata: {...template.metadata, labels}});
    COMPARABLE.set(template, text);
  }
  return text;
}

// Absent, null and empty are the same to apiequality.Semantic.DeepEqual.
function sortedJson(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(sortedJson).join()}]`;
  }
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value) ?? 'null';
  }
  const fields = Object.entries(value)
    .filter(([, each]) => !isEmpty(each))
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, each]) => `${JSON.stringify(key)}:${sortedJson(each)}`);
  return `{${fields.join()}}`;
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0)
  );
}
