/** What a user of the API sees: defaults, refusals in words, explanations, columns, and an installation with kustomize. */
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {withDefaults} from '../../src/api/defaults.ts';
import type {
  SpreadPolicy,
  SpreadPolicyStatus,
  WrittenSpec,
  WrittenSpreadPolicy,
} from '../../src/api/types.ts';
import {ControlPlane} from '../controlplane/control-plane.ts';
import type {RunningControlPlane} from '../controlplane/running-control-plane.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const crdName = 'spreadpolicies.spread-operator.io';
const selector = {matchLabels: {app: 'web'}};
const hostname = 'kubernetes.io/hostname';
const window = {schedule: '0 1 * * *', duration: '4h'};

let cluster: RunningControlPlane;

beforeAll(async () => {
  cluster = await new ControlPlane({nodes: 1, users: [{user: 'viewer'}, {user: 'editor'}]}).start();
  await cluster.kubectl(['apply', '--kustomize', `${root}config`]);
  await cluster.kubectl(['wait', '--for=condition=Established', `crd/${crdName}`, '--timeout=30s']);
}, 600_000);

afterAll(async () => {
  await cluster?.stop();
}, 60_000);

function policy(spec: WrittenSpec, name = 'web'): WrittenSpreadPolicy {
  return {
    apiVersion: 'spread-operator.io/v1alpha1',
    kind: 'SpreadPolicy',
    metadata: {name, namespace: 'default'},
    spec,
  };
}

/** As a user would, without leaving anything behind. */
function dryRun(manifest: object): Promise<SpreadPolicy> {
  return cluster.kubectlJson(['create', '--dry-run=server', '--filename=-'], {
    input: JSON.stringify(manifest),
  });
}

describe('the CustomResourceDefinition', () => {
  it('is accepted whole: nothing pruned, no violation of the structural schema', async () => {
    const crd = await cluster.kubectlJson<{
      metadata: {generation: number};
      status: {conditions: {type: string; status: string}[]};
    }>(['get', 'crd', crdName]);

    const problems = crd.status.conditions.filter(({type}) => type === 'NonStructuralSchema');

    expect(problems).toEqual([]);
  });

  it('does not change when it is applied again', async () => {
    const output = await cluster.kubectl(['apply', '--filename', `${root}crds`]);

    expect(output.trim()).toBe(`customresourcedefinition.apiextensions.k8s.io/${crdName} unchanged`);
  });
});

describe('defaults', () => {
  it.each<{title: string; spec: WrittenSpec}>([
    {title: 'the shortest policy', spec: {selector: {}}},
    {
      title: 'a policy that writes a part of everything',
      spec: {
        selector,
        topologies: [{topologyKey: 'topology.kubernetes.io/zone', distribution: 'Even', maxSkew: 2}],
        separateFrom: [{selector}],
        injection: {},
        eviction: {minReplicas: 3, windows: [window]},
        hotNodes: {},
      },
    },
  ])('of the API server are those of the operator, for $title', async ({spec}) => {
    const stored = await dryRun(policy(spec));

    expect(stored.spec).toEqual(withDefaults(policy(spec)).spec);
  });
});

describe('an invalid policy is refused in words:', () => {
  it.each<{title: string; spec?: object; message: RegExp}>([
    {title: 'no spec', message: /spec: Required value/},
    {title: 'no selector', spec: {}, message: /spec\.selector: Required value/},
    {
      title: 'a selector that is a bare map of labels',
      spec: {selector: {app: 'web'}},
      message: /unknown field "spec\.selector\.app"/,
    },
    {
      title: 'a label key with a space',
      spec: {selector: {matchLabels: {'my app': 'web'}}},
      message: /spec\.selector\.matchLabels: .*each key must be a label key: .*"kubernetes\.io\/hostname"/,
    },
    {
      title: 'a label value that begins with a dash',
      spec: {selector: {matchLabels: {app: '-web'}}},
      message: /matchLabels\[app\]: .*"-web": must be a label value/,
    },
    {
      title: 'a label value of 64 characters',
      spec: {selector: {matchLabels: {app: 'a'.repeat(64)}}},
      message: /Too long: may not be more than 63/,
    },
    {
      title: 'an operator that does not exist',
      spec: {selector: {matchExpressions: [{key: 'app', operator: 'Equals', values: ['web']}]}},
      message: /"Equals": supported values: "In", "NotIn", "Exists", "DoesNotExist"/,
    },
    {
      title: 'In without values',
      spec: {selector: {matchExpressions: [{key: 'app', operator: 'In'}]}},
      message:
        /matchExpressions\[0\]\.values: Required value: operators In and NotIn need at least one value/,
    },
    {
      title: 'Exists with values',
      spec: {selector: {matchExpressions: [{key: 'app', operator: 'Exists', values: ['web']}]}},
      message: /matchExpressions\[0\]\.values: Forbidden: operators Exists and DoesNotExist take no values/,
    },
    {
      title: 'a bad key in an expression',
      spec: {selector: {matchExpressions: [{key: 'a b', operator: 'Exists'}]}},
      message: /matchExpressions\[0\]\.key: .*"a b": must be a label key/,
    },
    {
      title: 'a bad value in an expression',
      spec: {selector: {matchExpressions: [{key: 'a', operator: 'In', values: ['b', 'c d']}]}},
      message: /matchExpressions\[0\]\.values\[1\]: .*"c d": must be a label value/,
    },
    {title: 'no topologies at all', spec: {selector, topologies: []}, message: /at least 1 items/},
    {
      title: 'a topology without a key',
      spec: {selector, topologies: [{distribution: 'Even'}]},
      message: /spec\.topologies\[0\]\.topologyKey: Required value/,
    },
    {
      title: 'one topology twice',
      spec: {selector, topologies: [{topologyKey: hostname}, {topologyKey: hostname, distribution: 'Even'}]},
      message: /spec\.topologies\[1\]: Duplicate value: \{"topologyKey":"kubernetes\.io\/hostname"\}/,
    },
    {
      title: 'nine topologies',
      spec: {selector, topologies: Array.from({length: 9}, (_, index) => ({topologyKey: `key-${index}`}))},
      message: /spec\.topologies: Too many: 9: must have at most 8 items/,
    },
    {
      title: 'a topology key that is none',
      spec: {selector, topologies: [{topologyKey: 'a/b/c'}]},
      message: /topologies\[0\]\.topologyKey: .*"a\/b\/c": must be a label key/,
    },
    {
      title: 'an unknown distribution',
      spec: {selector, topologies: [{topologyKey: hostname, distribution: 'Random'}]},
      message: /"Random": supported values: "Separate", "Even"/,
    },
    {
      title: 'maxSkew with Separate',
      spec: {selector, topologies: [{topologyKey: hostname, maxSkew: 2}]},
      message:
        /topologies\[0\]\.maxSkew: Forbidden: maxSkew counts only with distribution Even; leave it out, or set distribution: Even/,
    },
    {
      title: 'maxSkew 0',
      spec: {selector, topologies: [{topologyKey: hostname, distribution: 'Even', maxSkew: 0}]},
      message: /maxSkew in body should be greater than or equal to 1/,
    },
    {
      title: 'a number in quotes',
      spec: {selector, topologies: [{topologyKey: hostname, distribution: 'Even', maxSkew: '2'}]},
      message: /maxSkew in body must be of type integer: "string"/,
    },
    {
      title: 'an unknown whenUnsatisfiable',
      spec: {selector, topologies: [{topologyKey: hostname, whenUnsatisfiable: 'Never'}]},
      message: /"Never": supported values: "DoNotSchedule", "ScheduleAnyway", "Auto"/,
    },
    {
      title: 'to be kept away from every pod',
      spec: {selector, separateFrom: [{selector: {}}]},
      message:
        /separateFrom\[0\]\.selector: Required value: must not be empty, or the replicas would be kept away/,
    },
    {
      title: 'the same, with empty parts',
      spec: {selector, separateFrom: [{selector: {matchLabels: {}, matchExpressions: []}}]},
      message: /separateFrom\[0\]\.selector: Required value: must not be empty/,
    },
    {
      title: 'Auto for a neighbour',
      spec: {selector, separateFrom: [{selector, whenUnsatisfiable: 'Auto'}]},
      message: /"Auto": supported values: "DoNotSchedule", "ScheduleAnyway"/,
    },
    {
      title: 'an unknown injection mode',
      spec: {selector, injection: {mode: 'On'}},
      message: /"On": supported values: "Apply", "Suggest", "Disabled"/,
    },
    {
      title: 'an unknown eviction mode',
      spec: {selector, eviction: {mode: 'Delete'}},
      message: /"Delete": supported values: "Evict", "DryRun", "Disabled"/,
    },
    {
      title: 'no concurrent move',
      spec: {selector, eviction: {maxConcurrentMoves: 0}},
      message: /maxConcurrentMoves in body should be greater than or equal to 1/,
    },
    {
      title: 'minReplicas 0',
      spec: {selector, eviction: {minReplicas: 0}},
      message: /minReplicas in body should be greater than or equal to 1/,
    },
    {
      title: 'a settling time below zero',
      spec: {selector, eviction: {settleSeconds: -1}},
      message: /settleSeconds in body should be greater than or equal to 0/,
    },
    {
      title: 'a time-out of 5 seconds',
      spec: {selector, eviction: {moveTimeoutSeconds: 5}},
      message: /moveTimeoutSeconds in body should be greater than or equal to 10/,
    },
    {
      title: 'a schedule that is not cron',
      spec: {selector, eviction: {windows: [{...window, schedule: 'daily'}]}},
      message: /windows\[0\]\.schedule: .*"daily": must be five cron fields .*, for instance "0 1 \* \* \*"/,
    },
    {
      title: 'an hour that does not exist',
      spec: {selector, eviction: {windows: [{...window, schedule: '0 24 * * *'}]}},
      message: /windows\[0\]\.schedule: .*must be five cron fields/,
    },
    {
      title: 'a duration in words',
      spec: {selector, eviction: {windows: [{...window, duration: '4 hours'}]}},
      message:
        /windows\[0\]\.duration: .*"4 hours": must be hours and minutes, for instance "4h", "90m" or "1h30m"/,
    },
    {
      title: 'an empty duration',
      spec: {selector, eviction: {windows: [{...window, duration: ''}]}},
      message: /windows\[0\]\.duration: .*must be hours and minutes/,
    },
    {
      title: 'a duration of more than a week',
      spec: {selector, eviction: {windows: [{...window, duration: '200h'}]}},
      message: /windows\[0\]\.duration: .*must be at least 1m and at most 168h/,
    },
    {
      title: 'a time zone with a space',
      spec: {selector, eviction: {windows: [{...window, timeZone: 'my zone'}]}},
      message: /windows\[0\]\.timeZone: .*must be a name of the IANA time zone database/,
    },
    {
      title: 'thresholds that cross',
      spec: {selector, hotNodes: {highPercent: 60}},
      message: /hotNodes\.lowPercent: .*lowPercent must be less than highPercent/,
    },
    {
      title: 'more than all CPU',
      spec: {selector, hotNodes: {highPercent: 101}},
      message: /highPercent in body should be less than or equal to 100/,
    },
    {
      title: 'an unknown scaleDown',
      spec: {selector, scaleDown: 'Spread'},
      message: /"Spread": supported values: "Default", "PreferSpread"/,
    },
    {
      title: 'suspend as a word',
      spec: {selector, suspend: 'yes'},
      message: /suspend in body must be of type boolean/,
    },
    {
      title: 'a misspelt field',
      spec: {selector, topology: [{topologyKey: hostname}]},
      message: /unknown field "spec\.topology"/,
    },
  ])('$title', async ({spec, message}) => {
    const manifest = {...policy({selector: {}}), spec};

    await expect(dryRun(manifest)).rejects.toThrow(message);
  });
});

describe('kubectl', () => {
  const status = {
    observedGeneration: 1,
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'Blocked',
        message: '1 of 4 workloads cannot be spread',
        observedGeneration: 1,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
    summary: {workloads: 4, spread: 3, moving: 0, blocked: 1, movesNeeded: 2},
    workloads: [
      {
        kind: 'Deployment',
        name: 'web',
        replicas: 3,
        state: 'Blocked',
        message: '3 replicas on node-1; no other node can take one',
        movesNeeded: 2,
        topologies: [
          {topologyKey: hostname, eligibleDomains: 3, skew: 3, domains: [{name: 'node-1', replicas: 3}]},
        ],
        blocked: {
          reason: 'NoFeasibleNode',
          message: 'node-2: Insufficient cpu',
          since: '2026-01-01T00:00:00Z',
        },
        moves: [{pod: 'web-1', from: 'node-1', to: ['node-2'], certainty: 'certain', reason: 'youngest'}],
        inFlight: [
          {
            pod: 'web-0',
            podUID: '9f1c',
            from: 'node-1',
            to: ['node-2'],
            startTime: '2026-01-01T00:00:00Z',
            replicas: 3,
            objectiveBefore: [6],
          },
        ],
        backOff: {failures: 1, seconds: 300, until: '2026-01-01T00:05:00Z', message: 'web-0 came back'},
        injection: {
          state: 'Injected',
          whenUnsatisfiable: 'ScheduleAnyway',
          lastChangeTime: '2026-01-01T00:00:00Z',
          flips: 0,
        },
      },
    ],
    workloadsOmitted: 0,
  } satisfies SpreadPolicyStatus;

  beforeAll(async () => {
    await cluster.apply(policy({selector}));
    await cluster.kubectl([
      'patch',
      'spread/web',
      '--subresource=status',
      '--type=merge',
      `--patch=${JSON.stringify({status})}`,
    ]);
  }, 60_000);

  it('keeps the whole status', async () => {
    const stored = await cluster.kubectlJson<SpreadPolicy>(['get', 'spread', 'web']);

    expect(stored.status).toEqual(status);
  });

  it('shows the columns of the design', async () => {
    const [header, row] = (await cluster.kubectl(['get', 'spread'])).split('\n');

    expect(header?.split(/\s+/).filter(Boolean)).toEqual([
      'NAME',
      'WORKLOADS',
      'SPREAD',
      'MOVES',
      'READY',
      'AGE',
    ]);
    expect(row?.split(/\s+/).slice(0, 5)).toEqual(['web', '4', '3', '2', 'False']);
  });

  it('shows why with --output wide', async () => {
    const wide = await cluster.kubectl(['get', 'spread', '--output=wide']);

    expect(wide).toMatch(/REASON +MESSAGE/);
    expect(wide).toMatch(/Blocked +1 of 4 workloads cannot be spread/);
  });

  it('lists policies among "all"', async () => {
    expect(await cluster.kubectl(['get', 'all'])).toContain('spreadpolicy.spread-operator.io/web');
  });

  it('does not let a user write the status through the object itself', async () => {
    await cluster.kubectl([
      'patch',
      'spread/web',
      '--type=merge',
      '--patch={"status":{"observedGeneration":7}}',
    ]);

    const stored = await cluster.kubectlJson<SpreadPolicy>(['get', 'spread', 'web']);

    expect(stored.status?.observedGeneration).toBe(1);
  });

  it.each([
    {
      field: 'spec.topologies.whenUnsatisfiable',
      text: /ENUM:\s+DoNotSchedule\s+ScheduleAnyway\s+Auto.*Defaults to Auto\./s,
    },
    {field: 'spec.eviction.settleSeconds', text: /How many seconds a replacement must have stayed Ready/},
    {field: 'spec.separateFrom.selector.matchLabels', text: /Labels that an object must have/},
    {field: 'status.workloads.blocked', text: /-required-.*NoFeasibleNode|NoFeasibleNode.*-required-/s},
  ])('explains $field', async ({field, text}) => {
    const explanation = await cluster.kubectl(['explain', `spreadpolicy.${field}`]);

    expect(explanation).toMatch(text);
    expect(explanation).not.toContain('<no description>');
  });

  it('waits for Ready as for any other object', async () => {
    await expect(
      cluster.kubectl(['wait', 'spread/web', '--for=condition=Ready=False', '--timeout=5s']),
    ).resolves.toContain('condition met');
  });
});

describe('an installation with kustomize', () => {
  const namespace = 'spread-operator-system';
  const operator = `system:serviceaccount:${namespace}:spread-operator`;

  it('brings up a pod under the restricted Pod Security Standard', async () => {
    const output = await cluster.kubectl([
      'rollout',
      'status',
      'deployment/spread-operator',
      `--namespace=${namespace}`,
      '--timeout=60s',
    ]);

    expect(output).toContain('successfully rolled out');
  }, 90_000);

  it.each([
    {verb: 'create', resource: 'pods/eviction'},
    {verb: 'patch', resource: 'deployments.apps'},
    {verb: 'patch', resource: `${crdName}/status`},
    {verb: 'watch', resource: 'horizontalpodautoscalers.autoscaling'},
    {verb: 'create', resource: 'events.events.k8s.io'},
    {verb: 'update', resource: 'leases.coordination.k8s.io', namespace},
  ])('lets the operator $verb $resource', async ({verb, resource, namespace: where}) => {
    expect(await isAllowed(operator, verb, resource, where)).toBe(true);
  });

  it.each([
    {verb: 'delete', resource: 'pods'},
    {verb: 'patch', resource: 'pods'},
    {verb: 'update', resource: 'deployments.apps'},
    {verb: 'delete', resource: 'deployments.apps'},
    {verb: 'patch', resource: 'replicasets.apps'},
    {verb: 'patch', resource: 'nodes'},
    {verb: 'list', resource: 'secrets'},
    {verb: 'create', resource: crdName},
    {verb: 'delete', resource: crdName},
    {verb: 'update', resource: 'leases.coordination.k8s.io', namespace: 'kube-system'},
  ])('does not let the operator $verb $resource', async ({verb, resource, namespace: where}) => {
    expect(await isAllowed(operator, verb, resource, where)).toBe(false);
  });

  it.each([
    {user: 'viewer', role: 'view', verb: 'list', allowed: true},
    {user: 'viewer', role: 'view', verb: 'create', allowed: false},
    {user: 'editor', role: 'edit', verb: 'list', allowed: true},
    {user: 'editor', role: 'edit', verb: 'create', allowed: true},
  ])('gives the role $role for $verb: $allowed', async ({user, role, verb, allowed}) => {
    await cluster.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: {name: user, namespace: 'default'},
      roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role},
      subjects: [{apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user}],
    });

    expect(await isAllowed(user, verb, crdName)).toBe(allowed);
  });

  async function isAllowed(
    user: string,
    verb: string,
    resource: string,
    namespace = 'default',
  ): Promise<boolean> {
    const [, name = '', group = '', subresource = ''] =
      /^([^./]+)(?:[.]([^/]+))?(?:[/](.+))?$/.exec(resource) ?? [];
    const review = await cluster.admin.create<{status: {allowed: boolean}}>(
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {user, resourceAttributes: {verb, group, resource: name, subresource, namespace}},
      },
    );
    return review.status.allowed;
  }
});
