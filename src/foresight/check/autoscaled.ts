/** What an autoscaler makes of `replicas` before anybody looks. Pure. */
import type {ManifestObject} from './manifest-object.ts';

interface Bounds {
  readonly min: number;
  readonly max: number;
}

const SCALED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ReplicaSet']);

/** The workloads with their replicas within the bounds of the HorizontalPodAutoscaler of the same set. */
export function withReplicasOfAutoscalers(
  manifests: readonly ManifestObject[],
  defaultNamespace: string,
): ManifestObject[] {
  const bounds = new Map(
    manifests.flatMap((manifest) => {
      const bound =
        manifest.kind === 'HorizontalPodAutoscaler' ? boundsOf(manifest, defaultNamespace) : undefined;
      return bound === undefined ? [] : [bound];
    }),
  );
  return manifests.map((manifest) => {
    const {kind, namespace = defaultNamespace, name, content} = manifest;
    const bound = SCALED.has(kind) ? bounds.get(`${kind} ${namespace}/${name}`) : undefined;
    const spec = content['spec'];
    if (bound === undefined || !isRecord(spec)) {
      return manifest;
    }
    const replicas = typeof spec['replicas'] === 'number' ? spec['replicas'] : bound.min;
    const within = replicas === 0 ? 0 : Math.max(bound.min, Math.min(replicas, bound.max));
    return {...manifest, content: {...content, spec: {...spec, replicas: within}}};
  });
}

function boundsOf(
  {namespace, content}: ManifestObject,
  defaultNamespace: string,
): [string, Bounds] | undefined {
  const spec = content['spec'];
  const target = isRecord(spec) ? spec['scaleTargetRef'] : undefined;
  if (!isRecord(spec) || !isRecord(target)) {
    return undefined;
  }
  const min = typeof spec['minReplicas'] === 'number' ? spec['minReplicas'] : 1;
  const max = typeof spec['maxReplicas'] === 'number' ? spec['maxReplicas'] : min;
  return [
    `${String(target['kind'])} ${namespace ?? defaultNamespace}/${String(target['name'])}`,
    {min, max: Math.max(min, max)},
  ];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
