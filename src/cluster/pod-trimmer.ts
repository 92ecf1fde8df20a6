/**
 * Pods as the watch keeps them. Of 150,000 pods most are alike but for their name, uid and node, so what pods share is
 * kept once: the spec, the labels, the owner, and the names of nodes and namespaces.
 */
import type {Labels} from './label-selector.ts';
import {type ApiPod, type Pod, toPod} from './pod.ts';
import {type ApiPodSpec, createPodSpecInterner, type PodSpec} from './pod-spec.ts';
import {sharedText} from './shared-text.ts';

export type PodTrimmer = (raw: ApiPod) => Pod;

export function createPodTrimmer(): PodTrimmer {
  const internSpec = createPodSpecInterner();
  const internLabels = createInterner<Labels>(sharedTexts);
  const internController = createInterner<Controller>(({kind, name, uid}) => ({
    kind: sharedText(kind),
    name: sharedText(name),
    uid: sharedText(uid),
  }));
  return (raw) => {
    const pod = toPod(raw, (spec) => internSpec(withoutOwnNode(spec)));
    return new TrimmedPod(
      pod,
      internLabels(pod.labels),
      pod.controller === undefined ? undefined : internController(pod.controller),
    );
  };
}

type Controller = NonNullable<Pod['controller']>;

/** All its values lie in the object itself; an object that is spread together from parts takes half as much again. */
class TrimmedPod implements Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Labels;
  readonly spec: PodSpec;
  readonly phase: Pod['phase'];
  readonly ready: boolean;
  readonly createdAt: number;
  readonly deletionCost: number;
  declare readonly nodeName?: string;
  declare readonly controller?: Controller;
  declare readonly readyChangedAt?: number;

  constructor(pod: Pod, labels: Labels, controller: Controller | undefined) {
    this.namespace = sharedText(pod.namespace);
    this.name = pod.name;
    this.uid = pod.uid;
    this.resourceVersion = pod.resourceVersion;
    this.labels = labels;
    this.spec = pod.spec;
    this.phase = pod.phase;
    this.ready = pod.ready;
    this.createdAt = pod.createdAt;
    this.deletionCost = pod.deletionCost;
    if (pod.nodeName !== undefined) {
      this.nodeName = sharedText(pod.nodeName);
    }
    if (controller !== undefined) {
      this.controller = controller;
    }
    if (pod.readyChangedAt !== undefined) {
      this.readyChangedAt = pod.readyChangedAt;
    }
    // The rest few pods have.
    for (const [name, value] of Object.entries(pod)) {
      if (!Object.hasOwn(this, name)) {
        Object.defineProperty(this, name, {value, enumerable: true});
      }
    }
  }
}

/**
 * The DaemonSet controller binds each pod to its node by a required affinity for the node's name, which would make a
 * spec of its own of each. It says nothing about a pod that is there already.
 */
function withoutOwnNode(spec: ApiPodSpec): ApiPodSpec {
  const {nodeName, affinity} = spec;
  const {requiredDuringSchedulingIgnoredDuringExecution: required, ...rest} = affinity?.nodeAffinity ?? {};
  const terms = required?.nodeSelectorTerms ?? [];
  const [term] = terms;
  const [field] = term?.matchFields ?? [];
  const isOwnNode =
    nodeName !== undefined &&
    terms.length === 1 &&
    (term?.matchExpressions ?? []).length === 0 &&
    term?.matchFields?.length === 1 &&
    field?.key === 'metadata.name' &&
    field.operator === 'In' &&
    field.values?.length === 1 &&
    field.values[0] === nodeName;
  return isOwnNode ? {...spec, affinity: {...affinity, nodeAffinity: rest}} : spec;
}

/** One value for all equal ones, for as long as anybody has it. */
export function createInterner<T extends object>(toShared: (value: T) => T): (value: T) => T {
  const known = new Map<string, WeakRef<T>>();
  const collected = new FinalizationRegistry<string>((key) => {
    if (known.get(key)?.deref() === undefined) {
      known.delete(key);
    }
  });
  return (value) => {
    const key = JSON.stringify(value);
    const existing = known.get(key)?.deref();
    if (existing !== undefined) {
      return existing;
    }
    const shared = toShared(value);
    known.set(key, new WeakRef(shared));
    collected.register(shared, key);
    return shared;
  };
}

function sharedTexts(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, sharedText(value)]));
}
