/** The operator's command line. */
import {Command, InvalidArgumentError, Option} from 'commander';
import {LOG_LEVELS, type LogLevel} from './observability/logging.ts';

export const DEFAULT_HEALTH_ADDRESS = '127.0.0.1:8080';

export interface OperatorOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly leaderElect: boolean;
  readonly leaseNamespace?: string;
  readonly leaseName: string;
  /** Seconds. */
  readonly leaseDuration: number;
  /** Absent: the default, or a free port where that is taken. Empty: none. */
  readonly healthAddress?: string;
  readonly logLevel: LogLevel;
  readonly logFormat: 'auto' | 'human' | 'json';
  readonly includeKubeSystem: boolean;
  readonly excludeNamespace: readonly string[];
  readonly movesPerMinute: number;
  readonly movesBurst: number;
  /** Seconds. */
  readonly initialBackoff: number;
  /** Seconds. */
  readonly maxBackoff: number;
  readonly qps: number;
  readonly burst: number;
  /** Seconds. */
  readonly requestTimeout: number;
}

export function operatorCommand(version: string): Command {
  return new Command('spread-operator')
    .description(
      'Keeps the replicas of Deployments apart: watches SpreadPolicies, injects their placement rules and moves replicas that sit together, one safe step at a time.',
    )
    .version(version)
    .option(
      '--kubeconfig <file>',
      'kubeconfig to use; default: KUBECONFIG, ~/.kube/config, then the service account of the pod',
    )
    .option('--context <name>', 'context of the kubeconfig; default: its current one')
    .option(
      '--leader-elect',
      'act only while holding the leader lease, so that of several replicas one acts',
      true,
    )
    .option('--no-leader-elect', 'act at once; only when no other replica can be running')
    .option(
      '--lease-namespace <namespace>',
      'namespace of the leader lease; default: that of the pod, else spread-operator-system, else default',
    )
    .option('--lease-name <name>', 'name of the leader lease', 'spread-operator')
    .addOption(
      durationOption(
        '--lease-duration <duration>',
        'how long a lease lasts that is not renewed; another replica takes over after it',
        '15s',
      ).argParser(wholeSeconds),
    )
    .option(
      '--health-address <host:port>',
      `where /healthz, /readyz and /metrics are served; an empty value serves none; default: ${DEFAULT_HEALTH_ADDRESS}, or a free port where that is taken`,
    )
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
    .addOption(
      new Option(
        '--log-format <format>',
        'lines for people or JSON; auto: by whether standard error is a terminal',
      )
        .choices(['auto', 'human', 'json'])
        .default('auto'),
    )
    .option('--include-kube-system', 'also act on kube-system', false)
    .option(
      '--exclude-namespace <namespace>',
      'a namespace to leave alone; may be given several times',
      collect,
      [],
    )
    .option('--moves-per-minute <number>', 'evictions in the whole cluster, in the long run', positive, 30)
    .option(
      '--moves-burst <number>',
      'evictions in the whole cluster that may follow each other at once',
      positive,
      10,
    )
    .addOption(
      durationOption(
        '--initial-backoff <duration>',
        'pause of a workload after a move that did not help; doubles each time',
        '5m',
      ),
    )
    .addOption(durationOption('--max-backoff <duration>', 'the longest such pause', '6h'))
    .option('--qps <number>', 'requests to the API server per second, in the long run', positive, 50)
    .option(
      '--burst <number>',
      'requests to the API server that may follow each other at once',
      positive,
      100,
    )
    .addOption(
      durationOption(
        '--request-timeout <duration>',
        'how long to wait for an answer of the API server',
        '15s',
      ),
    )
    .addHelpText(
      'after',
      `
Durations are written as 20s, 5m or 6h.

Examples:
  spread-operator                                   the cluster of KUBECONFIG or of the pod
  spread-operator --context staging --log-format human
  spread-operator --exclude-namespace monitoring --moves-per-minute 10

Install the SpreadPolicy resource first: kubectl apply -k config (or crds/).`,
    );
}

/** Exits with a message and code 1 when the command line is wrong, or 0 after --help and --version. */
export function parseOptions(version: string, argv: readonly string[]): OperatorOptions {
  return operatorCommand(version)
    .parse([...argv], {from: 'user'})
    .opts<OperatorOptions>();
}

function durationOption(flags: string, description: string, byDefault: string): Option {
  return new Option(flags, description).argParser(duration).default(duration(byDefault), byDefault);
}

const SECONDS: Readonly<Record<string, number>> = {s: 1, m: 60, h: 3600};

/** Seconds of `20s`, `5m`, `1h30m`. */
function duration(text: string): number {
  const parts = /^(?:\d+(?:\.\d+)?[smh])+$/.test(text) ? text.match(/\d+(?:\.\d+)?[smh]/g) : null;
  if (parts === null) {
    throw new InvalidArgumentError('Expected a duration such as 20s, 5m or 1h30m.');
  }
  const seconds = parts.reduce(
    (sum, part) => sum + Number.parseFloat(part) * (SECONDS[part.slice(-1)] ?? 1),
    0,
  );
  if (seconds <= 0) {
    throw new InvalidArgumentError('Expected a duration above 0.');
  }
  return seconds;
}

/** A Lease counts whole seconds. */
function wholeSeconds(text: string): number {
  const seconds = duration(text);
  if (!Number.isInteger(seconds)) {
    throw new InvalidArgumentError('Expected whole seconds, such as 15s.');
  }
  return seconds;
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number)) {
    throw new InvalidArgumentError('Expected a number above 0.');
  }
  return number;
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
