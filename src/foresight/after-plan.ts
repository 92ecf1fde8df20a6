/** The picture as it would be once the operator has done what it would do now: rules in the templates, replicas moved. Pure. */
import {type WorkloadKey, workloadKey} from '../cluster/cluster-cache.ts';
import {type PlacementRule, templatePatch} from '../injection/rule.ts';
import type {ApiObject} from '../simulator/cluster-api.ts';
import {controllerOf} from '../simulator/objects.ts';
import type {ClusterCaches, ClusterPicture} from './cluster-picture.ts';
import {isPod} from './cpu-demand.ts';
import type {OperatorPreview} from './operator-preview.ts';

interface Affinity {
  readonly podAntiAffinity?: object;
}

interface Placement {
  readonly affinity?: Affinity;
  readonly topologySpreadConstraints?: readonly {readonly topologyKey: string}[];
}

/**
 * @param caches those that the preview has changed: they know where each replacement would be
 * @returns undefined when nothing would be done
 */
export function afterPlan(
  picture: ClusterPicture,
  preview: OperatorPreview,
  {cache}: ClusterCaches,
): ClusterPicture | undefined {
  const nodeOf = new Map<string, string | undefined>();
  const edits = new Map<WorkloadKey, PlacementRule>();
  for (const {key, workload, edit, moves} of preview.workloads) {
    if (edit !== undefined) {
      edits.set(key, edit);
    }
    if (moves.length > 0) {
      for (const {uid, nodeName} of cache.replicasOf(workload).pods) {
        nodeOf.set(originalUid(uid), nodeName);
      }
    }
  }
  if (nodeOf.size === 0 && edits.size === 0) {
    return undefined;
  }
  const ruleOf = rulesByUid(picture.objects, edits);
  const objects = picture.objects.map((object) => {
    const rule = ruleOf(object);
    if (!isPod(object)) {
      return rule === undefined ? object : withTemplateRule(object, rule);
    }
    const spec = rule === undefined ? object.spec : withRule(object.spec, rule);
    const nodeName = nodeOf.get(object.metadata.uid) ?? object.spec.nodeName;
    return {...object, spec: {...spec, ...(nodeName === undefined ? {} : {nodeName})}};
  });
  return {...picture, objects};
}

/** Of a pod that was replaced once or more in the preview. */
function originalUid(uid: string): string {
  return uid.replace(/(?:-replacement)+$/, '');
}

/** Of a Deployment, its ReplicaSets and their pods: what the edit of its template puts into each. */
function rulesByUid(
  objects: readonly ApiObject[],
  edits: ReadonlyMap<WorkloadKey, PlacementRule>,
): (object: ApiObject) => PlacementRule | undefined {
  const byUid = new Map<string, PlacementRule>();
  for (const kind of ['Deployment', 'ReplicaSet']) {
    for (const object of objects) {
      if (object.kind === kind) {
        const {namespace = '', name, uid} = object.metadata;
        const rule =
          kind === 'Deployment'
            ? edits.get(workloadKey({namespace, name}))
            : byUid.get(controllerOf(object)?.uid ?? '');
        if (rule !== undefined) {
          byUid.set(uid, rule);
        }
      }
    }
  }
  return (object) => byUid.get(object.metadata.uid) ?? byUid.get(controllerOf(object)?.uid ?? '');
}

function withTemplateRule(object: ApiObject, rule: PlacementRule): ApiObject {
  const spec = object['spec'] as {readonly template?: {readonly spec: Placement}};
  if (spec.template === undefined) {
    // A ReplicaSet may be without one.
    return object;
  }
  const template = {...spec.template, spec: withRule(spec.template.spec, rule)};
  return {...object, spec: {...spec, template}};
}

/** Beside what is there: fields of the rule go before the same ones of the user, as in a server-side apply. */
function withRule<T extends Placement>(spec: T, rule: PlacementRule): T {
  const {
    template: {spec: patch},
  } = templatePatch(rule) as {readonly template: {readonly spec: Placement}};
  const {affinity, topologySpreadConstraints: constraints = []} = patch;
  const ours = new Set(constraints.map(({topologyKey}) => topologyKey));
  const theirs = (spec.topologySpreadConstraints ?? []).filter(({topologyKey}) => !ours.has(topologyKey));
  return {
    ...spec,
    ...(affinity === undefined
      ? {}
      : {
          affinity: {
            ...spec.affinity,
            podAntiAffinity: {...spec.affinity?.podAntiAffinity, ...affinity.podAntiAffinity},
          },
        }),
    ...(constraints.length === 0 ? {} : {topologySpreadConstraints: [...theirs, ...constraints]}),
  };
}
