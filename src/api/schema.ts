/**
 * The schema of SpreadPolicy v1alpha1: the single source of the CustomResourceDefinition, of the TypeScript types
 * (`types.ts`), of the defaults (`defaults.ts`) and of the reference in docs/api.md. After a change run
 * `npm run generate`.
 */
import type {Schema, ValidationRule} from './openapi.ts';
import {cronSchedule, labelKey, labelValue, type Syntax, timeZone, windowDuration} from './syntax.ts';

function conformsTo(syntax: Syntax): ValidationRule {
  return {rule: `self.matches('${syntax.pattern}')`, message: syntax.message};
}

const labelValueSchema = {
  type: 'string',
  maxLength: labelValue.maxLength,
  'x-kubernetes-validations': [conformsTo(labelValue)],
} as const satisfies Schema;

const topologyKeySchema = {
  type: 'string',
  maxLength: labelKey.maxLength,
  'x-kubernetes-validations': [conformsTo(labelKey)],
} as const satisfies Schema;

/** metav1.LabelSelector, with the checks that the API server makes on the built-in kinds. */
const labelSelectorSchema = {
  type: 'object',
  'x-kubernetes-map-type': 'atomic',
  properties: {
    matchLabels: {
      type: 'object',
      description:
        'Labels that an object must have, each with exactly this value. All entries of matchLabels and matchExpressions must hold.',
      maxProperties: 32,
      'x-kubernetes-validations': [
        {
          rule: `self.all(key, key.size() <= ${labelKey.maxLength} && key.matches('${labelKey.pattern}'))`,
          message: `each key ${labelKey.message}`,
        },
      ],
      additionalProperties: labelValueSchema,
    },
    matchExpressions: {
      type: 'array',
      description: 'Requirements on labels that matchLabels cannot express. All must hold.',
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        required: ['key', 'operator'],
        properties: {
          key: {
            type: 'string',
            description: 'The label that the requirement is about, for instance "app".',
            maxLength: labelKey.maxLength,
            'x-kubernetes-validations': [conformsTo(labelKey)],
          },
          operator: {
            type: 'string',
            description:
              'How the label relates to the values: In (it has one of them), NotIn (it has none of them, or the label is missing), Exists, DoesNotExist.',
            enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
          },
          values: {
            type: 'array',
            description: 'At least one value for In and NotIn; none for Exists and DoesNotExist.',
            maxItems: 32,
            'x-kubernetes-list-type': 'atomic',
            items: labelValueSchema,
          },
        },
        'x-kubernetes-validations': [
          {
            rule: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",
            message:
              'operators In and NotIn need at least one value; to ask only whether the label is there, use Exists or DoesNotExist',
            fieldPath: '.values',
            reason: 'FieldValueRequired',
          },
          {
            rule: "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || self.values.size() == 0",
            message:
              'operators Exists and DoesNotExist take no values; to compare the value of the label, use In or NotIn',
            fieldPath: '.values',
            reason: 'FieldValueForbidden',
          },
        ],
      },
    },
  },
} as const satisfies Schema;

const topologySchema = {
  type: 'object',
  description: 'One topology whose domains share the replicas.',
  required: ['topologyKey'],
  properties: {
    topologyKey: {
      ...topologyKeySchema,
      description:
        'The node label that says which domain a node belongs to, for instance "kubernetes.io/hostname" (each node is a domain) or "topology.kubernetes.io/zone". Every topology of a policy has another key.',
    },
    distribution: {
      type: 'string',
      description:
        'What "apart" means. Separate: no two replicas of a workload in one domain, by pod anti-affinity. Even: the same number of replicas in each domain up to maxSkew, by a topology spread constraint. Use Even where replicas may outnumber domains, for instance for zones. Defaults to Separate.',
      enum: ['Separate', 'Even'],
      default: 'Separate',
    },
    maxSkew: {
      type: 'integer',
      format: 'int32',
      description:
        'With distribution Even: by how many replicas the fullest domain may exceed the emptiest eligible one. With Separate it has no meaning and must be left out, or be 1. Defaults to 1.',
      minimum: 1,
      maximum: 1000,
      default: 1,
    },
    whenUnsatisfiable: {
      type: 'string',
      description:
        'What the scheduler does with a replica that fits nowhere under the rule. DoNotSchedule: it stays Pending (a hard rule). ScheduleAnyway: it is placed against the rule (a soft rule). Auto: hard while there are at least as many eligible domains as the workload can have replicas, soft otherwise; a change from one to the other is a rollout, so it happens at most once an hour. Defaults to Auto.',
      enum: ['DoNotSchedule', 'ScheduleAnyway', 'Auto'],
      default: 'Auto',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "self.distribution == 'Even' || self.maxSkew == 1",
      message: 'maxSkew counts only with distribution Even; leave it out, or set distribution: Even',
      fieldPath: '.maxSkew',
      reason: 'FieldValueForbidden',
    },
  ],
} as const satisfies Schema;

const separateFromSchema = {
  type: 'object',
  description: 'Other pods that the replicas are kept away from.',
  required: ['selector'],
  properties: {
    selector: {
      ...labelSelectorSchema,
      description:
        "The pods to keep away from, by their labels, in the policy's namespace. It must not be empty: an empty selector would mean every pod.",
      'x-kubernetes-validations': [
        {
          rule: '(has(self.matchLabels) && self.matchLabels.size() > 0) || (has(self.matchExpressions) && self.matchExpressions.size() > 0)',
          message:
            'must not be empty, or the replicas would be kept away from every pod; name the pods to keep away from with matchLabels or matchExpressions',
          reason: 'FieldValueRequired',
        },
      ],
    },
    topologyKey: {
      ...topologyKeySchema,
      description:
        'The node label whose domains a replica and these pods must not share. Defaults to "kubernetes.io/hostname".',
      default: 'kubernetes.io/hostname',
    },
    whenUnsatisfiable: {
      type: 'string',
      description:
        'What the scheduler does with a replica that fits nowhere without such a neighbour. DoNotSchedule: it stays Pending. ScheduleAnyway: it is placed beside one. Defaults to ScheduleAnyway.',
      enum: ['DoNotSchedule', 'ScheduleAnyway'],
      default: 'ScheduleAnyway',
    },
  },
} as const satisfies Schema;

const injectionSchema = {
  type: 'object',
  description: 'How the placement rule gets into the pod templates of the selected Deployments.',
  default: {},
  properties: {
    mode: {
      type: 'string',
      description:
        'Apply: write the rule by server-side apply as field manager "spread-operator", which starts a rollout. Suggest: write nothing, show the patch in status.workloads[].injection.patch. Disabled: write nothing and take out what was written before. Defaults to Apply.',
      enum: ['Apply', 'Suggest', 'Disabled'],
      default: 'Apply',
    },
  },
} as const satisfies Schema;

const windowSchema = {
  type: 'object',
  description: 'A recurring time in which replicas may be moved.',
  required: ['schedule', 'duration'],
  properties: {
    schedule: {
      type: 'string',
      description:
        'When the window opens, as five cron fields: minute, hour, day of month, month, day of week. "0 1 * * *" is every day at 01:00, "30 22 * * MON-FRI" is 22:30 on working days.',
      maxLength: cronSchedule.maxLength,
      'x-kubernetes-validations': [conformsTo(cronSchedule)],
    },
    duration: {
      type: 'string',
      description:
        'How long the window stays open, in hours and minutes: "4h", "90m", "1h30m". At most 168h.',
      maxLength: windowDuration.maxLength,
      'x-kubernetes-validations': [
        conformsTo(windowDuration),
        {
          rule: `!self.matches('${windowDuration.pattern}') || (duration(self) >= duration('1m') && duration(self) <= duration('168h'))`,
          message: 'must be at least 1m and at most 168h (a week)',
        },
      ],
    },
    timeZone: {
      type: 'string',
      description:
        'The time zone of the schedule, a name of the IANA database, for instance "Europe/Berlin". Defaults to UTC.',
      maxLength: timeZone.maxLength,
      default: 'UTC',
      'x-kubernetes-validations': [conformsTo(timeZone)],
    },
  },
} as const satisfies Schema;

const evictionSchema = {
  type: 'object',
  description:
    'How replicas that already sit together are moved apart: by eviction, within their PodDisruptionBudget, one after the other.',
  default: {},
  properties: {
    mode: {
      type: 'string',
      description:
        'Evict: move replicas. DryRun: show the planned moves in status and events, evict nothing. Disabled: neither plan nor evict. Defaults to Evict.',
      enum: ['Evict', 'DryRun', 'Disabled'],
      default: 'Evict',
    },
    maxConcurrentMoves: {
      type: 'integer',
      format: 'int32',
      description:
        'How many replicas of one workload may be on the move at the same time. A PodDisruptionBudget may allow less. Defaults to 1.',
      minimum: 1,
      maximum: 100,
      default: 1,
    },
    minReplicas: {
      type: 'integer',
      format: 'int32',
      description: 'Workloads with fewer replicas than this are never evicted. Defaults to 2.',
      minimum: 1,
      maximum: 10000,
      default: 2,
    },
    settleSeconds: {
      type: 'integer',
      format: 'int32',
      description:
        'How many seconds a replacement must have stayed Ready before the next replica is moved. Defaults to 30.',
      minimum: 0,
      maximum: 3600,
      default: 30,
    },
    moveTimeoutSeconds: {
      type: 'integer',
      format: 'int32',
      description:
        'How many seconds a replacement may take to become Ready. After that the workload is not moved any further until it is available again. Defaults to 600.',
      minimum: 10,
      maximum: 86400,
      default: 600,
    },
    strategy: {
      type: 'string',
      description:
        'Evict: the old replica goes, then its replacement starts. Surge: the replacement is Ready before the old replica goes (not supported yet: the policy becomes Stalled). Defaults to Evict.',
      enum: ['Evict', 'Surge'],
      default: 'Evict',
    },
    windows: {
      type: 'array',
      description:
        'When replicas may be moved; outside of every window nothing is evicted. Left out: at any time. (Not supported yet: a policy with windows becomes Stalled.)',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: windowSchema,
    },
  },
} as const satisfies Schema;

const hotNodesSchema = {
  type: 'object',
  description:
    'Relief of nodes whose CPU is busy: replicas of the workload are moved to cooler nodes. Left out: not done. (Not supported yet: a policy with a mode other than Disabled becomes Stalled.)',
  properties: {
    mode: {
      type: 'string',
      description:
        'Evict: move replicas away from hot nodes. Observe: only report them. Disabled: do neither. Defaults to Observe.',
      enum: ['Evict', 'Observe', 'Disabled'],
      default: 'Observe',
    },
    highPercent: {
      type: 'integer',
      format: 'int32',
      description:
        'A node is hot when it uses more than this share of its allocatable CPU, in percent. Defaults to 85.',
      minimum: 1,
      maximum: 100,
      default: 85,
    },
    lowPercent: {
      type: 'integer',
      format: 'int32',
      description:
        'A node takes replicas from hot ones while it stays below this share of its allocatable CPU, in percent. Must be less than highPercent. Defaults to 70.',
      minimum: 0,
      maximum: 99,
      default: 70,
    },
    sustainedSeconds: {
      type: 'integer',
      format: 'int32',
      description: 'For how many seconds a node must have been hot before anything is done. Defaults to 180.',
      minimum: 30,
      maximum: 3600,
      default: 180,
    },
  },
  'x-kubernetes-validations': [
    {
      rule: 'self.lowPercent < self.highPercent',
      message: 'lowPercent must be less than highPercent; they default to 70 and 85',
      fieldPath: '.lowPercent',
    },
  ],
} as const satisfies Schema;

const specSchema = {
  type: 'object',
  description: 'What is wanted: which Deployments, apart in which topologies, and what may be done for it.',
  required: ['selector'],
  properties: {
    selector: {
      ...labelSelectorSchema,
      description:
        "The Deployments that the policy is for, by their own labels, in the policy's namespace. An empty selector ({}) selects all of them. When several policies select a Deployment, the oldest one has it.",
    },
    topologies: {
      type: 'array',
      description:
        'The topologies in which replicas are kept apart, the most important first. Defaults to one entry: each replica on a node of its own ("kubernetes.io/hostname", Separate, Auto).',
      minItems: 1,
      maxItems: 8,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['topologyKey'],
      items: topologySchema,
      // In full, because the API server runs the CEL rules on a default before it fills in the defaults inside it.
      default: [
        {
          topologyKey: 'kubernetes.io/hostname',
          distribution: 'Separate',
          maxSkew: 1,
          whenUnsatisfiable: 'Auto',
        },
      ],
    },
    separateFrom: {
      type: 'array',
      description:
        'Other pods to keep the replicas away from, for instance neighbours that need much CPU. Each entry becomes a pod anti-affinity term. Left out: none.',
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      items: separateFromSchema,
    },
    injection: injectionSchema,
    eviction: evictionSchema,
    hotNodes: hotNodesSchema,
    scaleDown: {
      type: 'string',
      description:
        'Which replicas go when a workload is scaled down. Default: Kubernetes chooses. PreferSpread: those whose loss keeps the rest apart (not supported yet: the policy becomes Stalled). Defaults to Default.',
      enum: ['Default', 'PreferSpread'],
      default: 'Default',
    },
    suspend: {
      type: 'boolean',
      description:
        'Stops injections and evictions of this policy; what was injected stays, and status goes on being written. Defaults to false.',
      default: false,
    },
  },
} as const satisfies Schema;

const conditionSchema = {
  type: 'object',
  description: 'One aspect of the state of the policy.',
  required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
  properties: {
    type: {
      type: 'string',
      description:
        'Ready, Reconciling, Stalled, Injected or Spread. Reconciling and Stalled are there only while they are True.',
      maxLength: 316,
    },
    status: {type: 'string', description: 'True, False or Unknown.', enum: ['True', 'False', 'Unknown']},
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      description: 'The metadata.generation of the policy that the condition is about.',
      minimum: 0,
    },
    lastTransitionTime: {
      type: 'string',
      format: 'date-time',
      description: 'When the status last changed from one value to another.',
    },
    reason: {
      type: 'string',
      description: 'Why, as one word for programs.',
      minLength: 1,
      maxLength: 1024,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    },
    message: {type: 'string', description: 'Why, as a sentence for people.', maxLength: 32768},
  },
} as const satisfies Schema;

const summarySchema = {
  type: 'object',
  description: 'How many workloads are in which state.',
  required: ['workloads', 'spread', 'moving', 'blocked', 'movesNeeded'],
  properties: {
    workloads: {type: 'integer', format: 'int32', description: 'Workloads that the policy has.', minimum: 0},
    spread: {
      type: 'integer',
      format: 'int32',
      description: 'Workloads whose replicas are as far apart as the cluster allows.',
      minimum: 0,
    },
    moving: {
      type: 'integer',
      format: 'int32',
      description: 'Workloads of which a replica is on the move.',
      minimum: 0,
    },
    blocked: {
      type: 'integer',
      format: 'int32',
      description: 'Workloads that need moves and cannot have them now.',
      minimum: 0,
    },
    movesNeeded: {
      type: 'integer',
      format: 'int32',
      description: 'The fewest moves that would spread every workload.',
      minimum: 0,
    },
  },
} as const satisfies Schema;

const topologyStatusSchema = {
  type: 'object',
  description: 'How the replicas lie in one topology.',
  required: ['topologyKey', 'eligibleDomains', 'skew'],
  properties: {
    topologyKey: {type: 'string', description: 'The node label that says which domain a node belongs to.'},
    eligibleDomains: {
      type: 'integer',
      format: 'int32',
      description: 'In how many domains a replica could run.',
      minimum: 0,
    },
    skew: {
      type: 'integer',
      format: 'int32',
      description: 'Replicas in the fullest domain minus replicas in the emptiest eligible one.',
      minimum: 0,
    },
    domains: {
      type: 'array',
      description: 'The domains with their replicas, the fullest first; at most 20.',
      maxItems: 20,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        description: 'A domain and its replicas.',
        required: ['name', 'replicas'],
        properties: {
          name: {type: 'string', description: 'The value of the node label: a node name, a zone.'},
          replicas: {
            type: 'integer',
            format: 'int32',
            description: 'Replicas of the workload in it.',
            minimum: 0,
          },
        },
      },
    },
  },
} as const satisfies Schema;

const blockedSchema = {
  type: 'object',
  description: 'Why the workload is not being moved although it needs moves.',
  required: ['reason', 'message', 'since'],
  properties: {
    reason: {
      type: 'string',
      description: 'Why, as one word for programs. docs/api.md says what to do about each.',
      enum: [
        'InsufficientDomains',
        'NoFeasibleNode',
        'PodDisruptionBudgetExhausted',
        'MultiplePodDisruptionBudgets',
        'RolloutInProgress',
        'NotAvailable',
        'TooFewReplicas',
        'Pinned',
        'InjectionConflict',
        'OutsideWindow',
        'BackingOff',
        'CircuitOpen',
        'Suspended',
        'Excluded',
        'EvictionRefused',
      ],
    },
    message: {
      type: 'string',
      description: 'Why, as a sentence for people, with the objects that stand in the way.',
      maxLength: 4096,
    },
    since: {type: 'string', format: 'date-time', description: 'Since when this reason holds.'},
  },
} as const satisfies Schema;

const moveSchema = {
  type: 'object',
  description: 'A planned move: evict the pod, wait until its replacement is Ready elsewhere.',
  required: ['pod', 'from', 'to', 'certainty', 'reason'],
  properties: {
    pod: {type: 'string', description: 'The name of the pod to evict.'},
    from: {type: 'string', description: 'The node that it runs on.'},
    to: {
      type: 'array',
      description: 'The nodes that its replacement may land on, the most probable first; at most 10.',
      maxItems: 10,
      'x-kubernetes-list-type': 'atomic',
      items: {type: 'string'},
    },
    certainty: {
      type: 'string',
      description:
        'certain: every node that the replacement can land on is better. likely: the nodes that the scheduler prefers are.',
      enum: ['certain', 'likely'],
    },
    reason: {type: 'string', description: 'Why this pod, as a sentence for people.', maxLength: 1024},
  },
} as const satisfies Schema;

const inFlightSchema = {
  type: 'object',
  description: 'A move that has begun: the pod was evicted, its replacement is not settled yet.',
  required: ['pod', 'podUID', 'from', 'to', 'startTime', 'replicas', 'objectiveBefore'],
  properties: {
    pod: {type: 'string', description: 'The name of the evicted pod.'},
    podUID: {type: 'string', description: 'The UID of the evicted pod.'},
    from: {type: 'string', description: 'The node that it ran on.'},
    to: {
      type: 'array',
      description: 'The nodes that its replacement was expected on; at most 10.',
      maxItems: 10,
      'x-kubernetes-list-type': 'atomic',
      items: {type: 'string'},
    },
    startTime: {type: 'string', format: 'date-time', description: 'When it was evicted.'},
    replicas: {
      type: 'integer',
      format: 'int32',
      description: 'spec.replicas of the workload then. After a change, before and after cannot be compared.',
      minimum: 0,
    },
    objectiveBefore: {
      type: 'array',
      description:
        'What the placement cost before: hard rules broken, then for each topology the sum of n(n+1)/2 over its domains (or, with a maxSkew above 1, the excess over it), then unwanted neighbours. A move that does not lower it makes the workload back off.',
      maxItems: 10,
      'x-kubernetes-list-type': 'atomic',
      items: {type: 'integer', format: 'int64'},
    },
    makesRoomFor: {
      type: 'object',
      description:
        'Set where the move was made because another workload of the policy needs the room. One that this workload cannot use makes the mover back off.',
      required: ['workload', 'objectiveBefore'],
      properties: {
        workload: {type: 'string', description: 'The namespace and name of the other workload.'},
        objectiveBefore: {
          type: 'array',
          description: 'What its placement cost before.',
          maxItems: 10,
          'x-kubernetes-list-type': 'atomic',
          items: {type: 'integer', format: 'int64'},
        },
      },
    },
  },
} as const satisfies Schema;

const backOffSchema = {
  type: 'object',
  description: 'A pause, because moves did not help. It doubles each time.',
  required: ['failures', 'seconds', 'until', 'message'],
  properties: {
    failures: {
      type: 'integer',
      format: 'int32',
      description: 'How many moves in a row did not help.',
      minimum: 1,
    },
    seconds: {
      type: 'integer',
      format: 'int32',
      description: 'How long the pause is, in seconds.',
      minimum: 0,
    },
    until: {type: 'string', format: 'date-time', description: 'When it ends.'},
    message: {type: 'string', description: 'What happened instead of what was planned.', maxLength: 4096},
  },
} as const satisfies Schema;

const injectionStatusSchema = {
  type: 'object',
  description: 'Whether the placement rule is in the pod template.',
  required: ['state'],
  properties: {
    state: {
      type: 'string',
      description:
        'Injected: the rule is in the template. Suggested: see patch. Pending: it will be written, message says when. Conflict: another field manager owns the field. NotNeeded: the nodes offer no domains to choose from. Removed: the rule was taken out again. Disabled: the policy does not inject.',
      enum: ['Injected', 'Suggested', 'Pending', 'Conflict', 'NotNeeded', 'Removed', 'Disabled'],
    },
    whenUnsatisfiable: {
      type: 'string',
      description: 'Whether the rule in the template is hard (DoNotSchedule) or soft (ScheduleAnyway) now.',
      enum: ['DoNotSchedule', 'ScheduleAnyway'],
    },
    lastChangeTime: {
      type: 'string',
      format: 'date-time',
      description: 'When the operator last changed the template.',
    },
    flips: {
      type: 'integer',
      format: 'int32',
      description: 'How often an Auto rule has changed between hard and soft.',
      minimum: 0,
    },
    message: {
      type: 'string',
      description: 'More about the state, as a sentence for people.',
      maxLength: 4096,
    },
    patch: {
      type: 'string',
      description: 'With injection.mode Suggest: the patch of the Deployment, as YAML.',
      maxLength: 16384,
    },
  },
} as const satisfies Schema;

const workloadStatusSchema = {
  type: 'object',
  description: 'The state of one workload.',
  required: ['kind', 'name', 'replicas', 'state', 'message', 'movesNeeded'],
  properties: {
    kind: {type: 'string', description: 'The kind of the workload: Deployment.'},
    name: {type: 'string', description: 'The name of the workload.'},
    replicas: {
      type: 'integer',
      format: 'int32',
      description: 'Live pods of the workload, counted by owner.',
      minimum: 0,
    },
    state: {
      type: 'string',
      description:
        'Spread: as far apart as the cluster allows. Moving: a replica is on the move. Injecting: the rule is being written or rolled out. Waiting: something is still going on, see message; moves that are needed begin after it. Blocked: moves are needed and cannot be had, see blocked. Planned: moves are needed, and the policy does not evict. Excluded: left alone by an annotation or an option of the operator.',
      enum: ['Spread', 'Moving', 'Injecting', 'Waiting', 'Blocked', 'Planned', 'Excluded'],
    },
    message: {type: 'string', description: 'The state as a sentence for people.', maxLength: 4096},
    movesNeeded: {
      type: 'integer',
      format: 'int32',
      description: 'The fewest moves that would spread the workload.',
      minimum: 0,
    },
    topologies: {
      type: 'array',
      description: 'How the replicas lie in each topology, in the order of the policy.',
      maxItems: 8,
      'x-kubernetes-list-type': 'atomic',
      items: topologyStatusSchema,
    },
    blocked: blockedSchema,
    moves: {
      type: 'array',
      description: 'The planned moves, the next one first; at most 10.',
      maxItems: 10,
      'x-kubernetes-list-type': 'atomic',
      items: moveSchema,
    },
    inFlight: {
      type: 'array',
      description: 'The moves that have begun.',
      maxItems: 100,
      'x-kubernetes-list-type': 'atomic',
      items: inFlightSchema,
    },
    backOff: backOffSchema,
    injection: injectionStatusSchema,
  },
} as const satisfies Schema;

const statusSchema = {
  type: 'object',
  description: 'What the operator found and did. Written by the operator only.',
  properties: {
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      description: 'The metadata.generation of the policy that this status is about.',
      minimum: 0,
    },
    conditions: {
      type: 'array',
      description:
        'Ready: everything wanted has been done. Reconciling: work is going on. Stalled: the policy cannot be acted on, a person must change something. Injected: the rule is in every pod template. Spread: the replicas of every workload are apart.',
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: conditionSchema,
    },
    summary: summarySchema,
    workloads: {
      type: 'array',
      description: 'The workloads of the policy, the worst first; at most 100.',
      maxItems: 100,
      'x-kubernetes-list-type': 'atomic',
      items: workloadStatusSchema,
    },
    workloadsOmitted: {
      type: 'integer',
      format: 'int32',
      description: 'How many more workloads there are that the list has no room for.',
      minimum: 0,
    },
  },
} as const satisfies Schema;

export const spreadPolicySchema = {
  type: 'object',
  description:
    'SpreadPolicy keeps the replicas of Deployments apart: it puts a placement rule into their pod templates, and moves replicas that already sit together, one safe step at a time, through the eviction API.',
  required: ['spec'],
  properties: {
    apiVersion: {
      type: 'string',
      description: 'The version of this representation of the object: spread-operator.io/v1alpha1.',
    },
    kind: {type: 'string', description: 'The kind of the object: SpreadPolicy.'},
    metadata: {type: 'object'},
    spec: specSchema,
    status: statusSchema,
  },
} as const satisfies Schema;
