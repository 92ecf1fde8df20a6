/**
 * Bugs that are planted, each of a kind, to see that the fault tests find it. They change what the operator is given or what
 * it sends; none of them is possible in the operator's own code.
 */
import {FIELD_MANAGER} from '../../src/api/names.ts';
import {ClusterCache} from '../../src/cluster/cluster-cache.ts';
import type {HttpRequest} from '../../src/kube/transport.ts';
import type {OperatorSettings} from '../../src/operator.ts';
import type {RequestInfo} from '../../src/simulator/http/request-info.ts';
import type {InvariantName} from './invariants.ts';

export interface Mutation {
  readonly name: string;
  /** One of these is to fail. */
  readonly finds: readonly InvariantName[];
  /** Seeds that it may take, from the first: some times as many as it takes now. */
  readonly within: number;
  readonly settings?: (settings: OperatorSettings) => OperatorSettings;
  /** What the operator sends, in place of what it wanted to. */
  readonly sends?: (request: HttpRequest) => HttpRequest;
  /** The path on its way to the server, which nobody looks at. */
  readonly arrives?: (uri: string, method: string) => string;
  /** One part of an answer: a body, or a line of a watch. */
  readonly hears?: (text: string, info: RequestInfo) => string;
  /** Changes a class of the operator; the returned function changes it back. */
  readonly plant?: () => () => void;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a lost back-off',
    within: 20,
    finds: [
      'after a move that did not help there is a pause',
      'no more moves than the fewest and one for each disturbance',
    ],
    settings: (settings) => ({...settings, initialBackoff: 1, maxBackoff: 1}),
  },
  {
    name: 'an ignored disruption budget',
    within: 10,
    finds: ['a budget that is known to be exhausted is not drawn on', 'a budget keeps its healthy pods'],
    plant: () => {
      const original = Object.getOwnPropertyDescriptor(ClusterCache.prototype, 'budgetsOf');
      ClusterCache.prototype.budgetsOf = () => [];
      return () => Object.defineProperty(ClusterCache.prototype, 'budgetsOf', original ?? {});
    },
  },
  {
    name: 'an eviction without the UID of its pod',
    within: 10,
    finds: ['an eviction names the UID of its pod'],
    sends: (request) =>
      request.path.endsWith('/eviction')
        ? {...request, body: (request.body ?? '').replace(/"preconditions":\{[^}]*\}/, '"preconditions":{}')}
        : request,
  },
  {
    name: 'moves that are forgotten at a restart',
    within: 20,
    finds: ['a move that the status records stays there until it is judged'],
    hears: (text, info) =>
      info.resource === 'spreadpolicies' && info.verb === 'list'
        ? rewritten(text, (policy) => {
            for (const entry of policy.status?.workloads ?? []) {
              delete entry['inFlight'];
            }
          })
        : text,
  },
  {
    name: 'observedGeneration and readiness ignored',
    within: 15,
    finds: ['only a settled workload is moved', 'at most maxConcurrentMoves are on their way'],
    hears: settledLies,
  },
  {
    name: "a forced apply over others' fields",
    within: 40,
    finds: ["others' fields of a template stay as they are"],
    arrives: (uri, method) =>
      method === 'PATCH' && uri.includes('/deployments/') ? `${uri}&force=true` : uri,
    // Nor does it look who owns what.
    hears: (text, {resource}) =>
      resource === 'deployments'
        ? rewritten(text, ({metadata}) => {
            if (metadata?.managedFields !== undefined) {
              metadata.managedFields = metadata.managedFields.filter(
                ({manager}) => manager === FIELD_MANAGER,
              );
            }
          })
        : text,
  },
];

interface Draft {
  metadata?: {generation?: number; managedFields?: {manager: string}[]};
  spec?: {replicas?: number};
  status?: {
    workloads?: Record<string, unknown>[];
    conditions?: {type: string; status: string}[];
    [field: string]: unknown;
  };
}

function settledLies(text: string, {resource}: RequestInfo): string {
  switch (resource) {
    case 'deployments':
      return rewritten(text, ({metadata, spec, status}) => {
        if (status !== undefined) {
          const replicas = spec?.replicas ?? 1;
          const counts = {
            replicas,
            updatedReplicas: replicas,
            readyReplicas: replicas,
            availableReplicas: replicas,
          };
          Object.assign(status, counts, {observedGeneration: metadata?.generation, unavailableReplicas: 0});
        }
      });
    case 'pods':
      return rewritten(text, ({status}) => {
        for (const condition of status?.conditions ?? []) {
          condition.status = 'True';
        }
      });
    default:
      return text;
  }
}

/** Each object of a list, or of a line of a watch. */
function rewritten(text: string, change: (object: Draft) => void): string {
  const parsed = JSON.parse(text) as {items?: Draft[]; object?: Draft};
  for (const object of parsed.items ?? (parsed.object === undefined ? [] : [parsed.object])) {
    change(object);
  }
  return parsed.items === undefined ? `${JSON.stringify(parsed)}\n` : JSON.stringify(parsed);
}
