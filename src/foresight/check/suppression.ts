/** Findings that somebody has silenced, with the reason that they had to give. Pure. */
import type {Finding, Suppression} from './finding.ts';
import type {ManifestObject} from './manifest-object.ts';

/** `spread-operator.io/ignore-findings: "single-replica: the cache may be lost; disruption-budget: …"` */
const IGNORE_FINDINGS = 'spread-operator.io/ignore-findings';

/** An entry of the configuration file. */
export interface SuppressionEntry {
  readonly rule: string;
  /** `Deployment shop/web`; each part may be `*`, and the whole may be left out. */
  readonly object: string;
  readonly reason: string;
}

export function withSuppressions(
  findings: readonly Finding[],
  {
    manifests,
    defaultNamespace,
  }: {readonly manifests: readonly ManifestObject[]; readonly defaultNamespace: string},
  entries: readonly SuppressionEntry[],
): Finding[] {
  const annotations = new Map(
    manifests.map((manifest) => {
      const {kind, namespace = defaultNamespace, name} = manifest;
      return [`${kind} ${namespace}/${name}`, ignoredBy(manifest)];
    }),
  );
  return findings.map((finding) => {
    const {kind, namespace = defaultNamespace, name} = finding.object;
    const reason = annotations.get(`${kind} ${namespace}/${name}`)?.get(finding.rule);
    const entry = entries.find(({rule, object}) => rule === finding.rule && matches(object, finding));
    const suppressed: Suppression | undefined =
      reason !== undefined
        ? {by: 'annotation', reason}
        : entry === undefined
          ? undefined
          : {by: 'configuration', reason: entry.reason};
    return suppressed === undefined ? finding : {...finding, suppressed};
  });
}

/** Reason by rule. What gives no reason silences nothing. */
export function ignoredBy({content}: ManifestObject): ReadonlyMap<string, string> {
  const metadata = content['metadata'] as
    | {annotations?: Readonly<Record<string, unknown>>}
    | null
    | undefined;
  const text = metadata?.annotations?.[IGNORE_FINDINGS];
  const ignored = new Map<string, string>();
  for (const part of typeof text === 'string' ? text.split(';') : []) {
    const colon = part.indexOf(':');
    const reason = part.slice(colon + 1).trim();
    if (colon > 0 && reason !== '') {
      ignored.set(part.slice(0, colon).trim(), reason);
    }
  }
  return ignored;
}

function matches(pattern: string, {object: {kind, namespace = '', name}}: Finding): boolean {
  const [wantedKind = '*', wantedName = '*'] = pattern === '*' ? [] : pattern.split(' ');
  const slash = wantedName.indexOf('/');
  const wantedNamespace = slash < 0 ? '*' : wantedName.slice(0, slash);
  return (
    isLike(kind, wantedKind) &&
    isLike(namespace, wantedNamespace) &&
    isLike(name, slash < 0 ? wantedName : wantedName.slice(slash + 1))
  );
}

/** `*` stands for any text. */
function isLike(value: string, pattern: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('.*');
  return new RegExp(`^${source}$`).test(value);
}
