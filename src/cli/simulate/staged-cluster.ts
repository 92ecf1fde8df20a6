/** The cluster that a simulation begins with: as read, with manifests applied and the rules of policies injected. */
import {KIND} from '../../api/names.ts';
import {governedWorkloads} from '../../foresight/check/inject.ts';
import {describePosition, type ManifestObject} from '../../foresight/check/manifest-object.ts';
import {type RefusedManifest, stageManifests} from '../../foresight/check/stage.ts';
import {stagedPicture} from '../../foresight/check/view.ts';
import {type ClusterPicture, cachesOf} from '../../foresight/cluster-picture.ts';
import {type CpuDemand, cpuDemandOf} from '../../foresight/cpu-demand.ts';
import {assumePolicies} from '../../foresight/policy-sources.ts';
import {listNames} from '../../planning/explain.ts';
import {SERVICE_LOAD} from '../../simulator/load/pod-cpu.ts';
import {InputError} from '../failure.ts';

export interface StagingRequest {
  readonly picture: ClusterPicture;
  readonly manifests: readonly ManifestObject[];
  readonly defaultNamespace: string;
  readonly withPolicies: boolean;
  readonly withDefaultPolicy: boolean;
}

export interface StagedCluster {
  readonly picture: ClusterPicture;
  readonly demand: CpuDemand;
  /** For people. */
  readonly notes: readonly string[];
}

/** Throws an InputError that names what the API server refuses, with file and line. */
export function stagedCluster(request: StagingRequest): StagedCluster {
  const {picture, manifests, defaultNamespace, withDefaultPolicy} = request;
  const withPolicies = request.withPolicies || withDefaultPolicy || manifests.some(({kind}) => kind === KIND);
  if (manifests.length === 0 && !withPolicies) {
    return {picture, demand: cpuDemandOf(picture), notes: []};
  }
  const stage = stageManifests({picture, manifests, defaultNamespace});
  if (stage.refused.length > 0) {
    throw new InputError(stage.refused.map(describeRefusal).join('\nerror: '));
  }
  const applied = stagedPicture(stage);
  const notes =
    manifests.length === 0 ? [] : [`${stage.applied.length} manifests applied first, and let come to rest.`];
  if (!withPolicies) {
    return {picture: applied, demand: demandOf(request, applied), notes};
  }
  const caches = cachesOf(applied);
  if (withDefaultPolicy) {
    assumePolicies(caches);
  }
  const governed = governedWorkloads(caches, picture.server, applied.takenAt);
  if (governed.length === 0) {
    throw new InputError(
      `no SpreadPolicy selects a Deployment of ${picture.origin}; name one with -f FILE, or take --default-policy`,
    );
  }
  const rules = new Map(
    governed.flatMap(({workload, rule}) =>
      rule === undefined ? [] : [[`${workload.namespace}/${workload.name}`, rule] as const],
    ),
  );
  const injected = stagedPicture(stageManifests({picture, manifests, defaultNamespace, rules}));
  return {
    picture: injected,
    demand: demandOf(request, injected),
    notes: [
      ...notes,
      rules.size === 0
        ? 'The policies change no pod template.'
        : `The rule of the policies was put into the pod templates of ${listNames([...rules.keys()], 6)} and rolled out. Evictions by the operator are not simulated.`,
    ],
  };
}

/** The staging wrote the demand on its objects as annotations, whatever it was taken from. */
function demandOf({picture, manifests}: StagingRequest, staged: ClusterPicture): CpuDemand {
  const demand = cpuDemandOf(staged);
  const isWritten = manifests.some(({content}) => JSON.stringify(content).includes(SERVICE_LOAD));
  const {basis, loads, bases} = cpuDemandOf(picture);
  const wasKnown = loads.size > 0 || bases.size > 0;
  return isWritten || !wasKnown ? demand : {...demand, basis};
}

function describeRefusal({manifest, namespace, causes}: RefusedManifest): string {
  const name = namespace === undefined ? manifest.name : `${namespace}/${manifest.name}`;
  const [first] = causes;
  const position = describePosition(manifest.locate(first?.field));
  return `${position}: ${manifest.kind} ${name} is refused: ${causes.map(({message}) => message).join('; ')}`;
}
