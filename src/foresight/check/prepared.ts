/** Manifests as the staging takes them: what only a server writes left out, what the simulation has no part for replaced. */

import type {ManifestObject} from './manifest-object.ts';
import {podTemplateOf} from './pod-templates.ts';

type Draft = Record<string, unknown>;

/** What `kubectl get -o yaml` prints and nobody may say. */
const WRITTEN_BY_SERVERS = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
  'ownerReferences',
  'finalizers',
];

export interface Surroundings {
  /**
   * Whether the claim of that name is bound in the cluster. Others are taken to be bound where their pods land, as with
   * WaitForFirstConsumer: nothing provisions volumes here.
   */
  readonly isBound: (claim: string) => boolean;
  /** Pods for a node that there is not would be made and collected for ever: the scheduler places them instead. */
  readonly isNode: (name: string) => boolean;
}

export function prepared(
  {apiVersion, kind, name, content}: ManifestObject,
  namespace: string | undefined,
  surroundings: Surroundings,
): Draft {
  const {status: _, metadata, ...rest} = content;
  const kept: Draft = isRecord(metadata) ? {...metadata} : {};
  for (const field of WRITTEN_BY_SERVERS) {
    delete kept[field];
  }
  const inNamespace = namespace === undefined ? {} : {namespace};
  const object: Draft = {...rest, apiVersion, kind, metadata: {...kept, name, ...inNamespace}};
  return podTemplateOf(object) === undefined ? object : asThereIs(object, surroundings);
}

function asThereIs(object: Draft, {isBound, isNode}: Surroundings): Draft {
  const copy = structuredClone(object);
  const spec = podTemplateOf(copy)?.spec as Draft | undefined;
  const own = (copy['spec'] as Draft | undefined) ?? {};
  const templates = Array.isArray(own['volumeClaimTemplates']) ? own['volumeClaimTemplates'] : [];
  const volumes = Array.isArray(spec?.['volumes']) ? (spec['volumes'] as unknown[]) : [];
  const replaced = volumes.map((volume) => {
    if (!isRecord(volume)) {
      return volume;
    }
    const claim = volume['persistentVolumeClaim'];
    const isUnbound = isRecord(claim) && !isBound(String(claim['claimName']));
    return isUnbound || volume['ephemeral'] !== undefined ? {name: volume['name'], emptyDir: {}} : volume;
  });
  for (const template of templates) {
    const name =
      isRecord(template) && isRecord(template['metadata']) ? template['metadata']['name'] : undefined;
    replaced.push({name, emptyDir: {}});
  }
  if (spec !== undefined && typeof spec['nodeName'] === 'string' && !isNode(spec['nodeName'])) {
    delete spec['nodeName'];
  }
  if (spec !== undefined && replaced.length > 0) {
    spec['volumes'] = replaced;
  }
  return copy;
}

function isRecord(value: unknown): value is Draft {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
