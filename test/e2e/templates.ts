// The pod template as its owner sees it, and who owns what in it.
import type {KubernetesObject} from '../controlplane/admin.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';

interface OwnedDeployment extends KubernetesObject {
  metadata: KubernetesObject['metadata'] & {managedFields?: {manager: string; operation: string}[]};
  spec: {template: {spec: TemplateSpec}};
}

export interface TemplateSpec {
  affinity?: {
    podAntiAffinity?: {
      requiredDuringSchedulingIgnoredDuringExecution?: object[];
      preferredDuringSchedulingIgnoredDuringExecution?: object[];
    };
  };
  topologySpreadConstraints?: {topologyKey: string; whenUnsatisfiable: string}[];
}

export interface Template {
  /** The whole of spec.template as JSON, byte for byte as kubectl prints it. */
  readonly text: string;
  readonly spec: TemplateSpec;
  /** Each change of the Deployment's spec counts. */
  readonly generation: number;
  readonly managers: readonly string[];
}

export async function templateOf(
  cluster: RunningControlPlane,
  namespace: string,
  name = 'web',
): Promise<Template> {
  const {metadata, spec} = await cluster.kubectlJson<OwnedDeployment>([
    'get',
    `--namespace=${namespace}`,
    'deployment',
    name,
    '--show-managed-fields',
  ]);
  return {
    text: JSON.stringify(spec.template, null, 2),
    spec: spec.template.spec,
    generation: metadata.generation ?? 0,
    managers: (metadata.managedFields ?? []).map(({manager}) => manager),
  };
}

export function hasAntiAffinity({spec}: Template): boolean {
  const {podAntiAffinity} = spec.affinity ?? {};
  const {
    requiredDuringSchedulingIgnoredDuringExecution: required = [],
    preferredDuringSchedulingIgnoredDuringExecution: preferred = [],
  } = podAntiAffinity ?? {};
  return required.length + preferred.length > 0;
}
