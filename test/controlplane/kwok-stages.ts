// How the simulated nodes and pods behave, as Stage objects of KWOK (kwok.sigs.k8s.io/docs/user/stages-configuration).
// KWOK evaluates the selectors (jq) whenever an object changes, so a label or annotation that changes later counts.
import {stringify} from 'yaml';

/** "true": the pod runs but is not Ready for as long as it carries this annotation or label. */
export const neverReadyKey = 'spread-operator.test/never-ready';
/** Annotation: milliseconds from the binding to Ready, for this pod only. */
export const startMillisecondsKey = 'spread-operator.test/start-milliseconds';
/** Annotation: milliseconds from the deletion to the end, for this pod only. */
export const stopMillisecondsKey = 'spread-operator.test/stop-milliseconds';
/** Reason in a pod's Ready condition that KWOK does not repair: somebody made it unready on purpose. */
export const setByTestReason = 'SetByTest';

export interface StageOptions {
  podStartMilliseconds: number;
  podStopMilliseconds: number;
  /** What the simulated kubelets say they are. */
  kubernetesVersion: string;
}

export function kwokStages(options: StageOptions): string {
  const stages = [
    nodeReady(options),
    podStart('pod-start', `(${isNeverReady} | not)`, readyConditions('True', ''), true, options),
    podStart(
      'pod-start-never-ready',
      isNeverReady,
      readyConditions('False', 'ContainersNotReady'),
      false,
      options,
    ),
    podFlip('pod-becomes-ready', becomesReady, readyConditions('True', ''), true),
    podFlip('pod-becomes-unready', becomesUnready, readyConditions('False', 'ContainersNotReady'), false),
    podDelete(options),
  ];
  return stages.map((stage) => stringify(stage)).join('---\n');
}

const condition = (type: string) => `([.status.conditions[]? | select(.type == "${type}")] | first // {})`;
const isAlive = '(.metadata.deletionTimestamp == null)';
const isNeverReady = `((.metadata.annotations["${neverReadyKey}"] == "true") or (.metadata.labels["${neverReadyKey}"] == "true"))`;
const becomesReady =
  `${isAlive} and (.status.phase == "Running") and (${condition('Ready')}.status != "True") ` +
  `and (${condition('Ready')}.reason != "${setByTestReason}") and (${isNeverReady} | not)`;
const becomesUnready = `${isAlive} and (.status.phase == "Running") and (${condition('Ready')}.status == "True") and ${isNeverReady}`;

function stage(name: string, kind: 'Node' | 'Pod', jq: string, rest: object): object {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: {name},
    spec: {
      resourceRef: {apiGroup: 'v1', kind},
      selector: {matchExpressions: [{key: jq, operator: 'In', values: ['true']}]},
      ...rest,
    },
  };
}

/** The heartbeat itself is the Lease, which KWOK renews for every node it looks after. */
function nodeReady(options: StageOptions): object {
  return stage('node-ready', 'Node', `${condition('Ready')}.status != "True"`, {
    next: {
      statusTemplate: `
{{ $now := Now }}
conditions:
- {type: Ready, status: "True", reason: KubeletReady, message: kubelet is posting ready status, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }}}
- {type: MemoryPressure, status: "False", reason: KubeletHasSufficientMemory, message: "", lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }}}
- {type: DiskPressure, status: "False", reason: KubeletHasNoDiskPressure, message: "", lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }}}
- {type: PIDPressure, status: "False", reason: KubeletHasSufficientPID, message: "", lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }}}
addresses:
- {type: InternalIP, address: {{ NodeIP | Quote }}}
- {type: Hostname, address: {{ NodeName | Quote }}}
nodeInfo:
  architecture: amd64
  bootID: ""
  containerRuntimeVersion: kwok://{{ Version }}
  kernelVersion: kwok
  kubeProxyVersion: v0.0.0
  kubeletVersion: ${options.kubernetesVersion}
  machineID: ""
  operatingSystem: linux
  osImage: kwok
  systemUUID: ""
phase: Running
`,
    },
  });
}

function readyConditions(status: 'True' | 'False', reason: string): string {
  const conditions = ['Ready', 'ContainersReady'].map(
    (type) =>
      `- {type: ${type}, status: "${status}", reason: "${reason}", message: "", lastProbeTime: null, lastTransitionTime: {{ $now | Quote }}}`,
  );
  return conditions.join('\n');
}

const containerStatuses = (ready: boolean) => `
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: ${ready}
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
`;

function podStart(
  name: string,
  who: string,
  conditions: string,
  ready: boolean,
  options: StageOptions,
): object {
  return stage(name, 'Pod', `${isAlive} and ((.status.phase // "Pending") == "Pending") and ${who}`, {
    delay: {
      durationMilliseconds: options.podStartMilliseconds,
      durationFrom: {
        expressionFrom: `(.metadata.annotations["${startMillisecondsKey}"] // "${options.podStartMilliseconds}") + "ms"`,
      },
    },
    next: {
      statusTemplate: `
{{ $now := Now }}
conditions:
- {type: Initialized, status: "True", reason: "", message: "", lastProbeTime: null, lastTransitionTime: {{ $now | Quote }}}
- {type: PodReadyToStartContainers, status: "True", reason: "", message: "", lastProbeTime: null, lastTransitionTime: {{ $now | Quote }}}
${conditions}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
{{ if .spec.initContainers }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}
{{ end }}
${containerStatuses(ready)}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName (or .spec.hostNetwork false) (or .metadata.uid "") (or .metadata.name "") (or .metadata.namespace "") | Quote }}
phase: Running
startTime: {{ $now | Quote }}
`,
    },
  });
}

function podFlip(name: string, when: string, conditions: string, ready: boolean): object {
  return stage(name, 'Pod', when, {
    next: {
      statusTemplate: `
{{ $now := Now }}
conditions:
${conditions}
${containerStatuses(ready)}
`,
    },
  });
}

/** A kubelet never waits longer than the grace period of the deletion. */
function podDelete(options: StageOptions): object {
  const milliseconds =
    `[((.metadata.annotations["${stopMillisecondsKey}"] // "${options.podStopMilliseconds}") | tonumber), ` +
    '((.metadata.deletionGracePeriodSeconds // 30) * 1000)] | min';
  return stage(
    'pod-delete',
    'Pod',
    '(.metadata.deletionTimestamp != null) and ((.metadata.finalizers // []) == [])',
    {
      delay: {
        durationMilliseconds: options.podStopMilliseconds,
        durationFrom: {expressionFrom: `((${milliseconds}) | tostring) + "ms"`},
      },
      next: {delete: true},
    },
  );
}
