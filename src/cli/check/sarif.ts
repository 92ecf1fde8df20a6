/** Findings as SARIF 2.1.0, which code review reads: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. */
import {isAbsolute, sep} from 'node:path';
import {pathToFileURL} from 'node:url';
import {CHECK_RULES} from '../../foresight/check/check.ts';
import {describeObject, type Finding} from '../../foresight/check/finding.ts';
import {VERSION} from '../version.ts';

export function sarifLog(findings: readonly Finding[]): object {
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'kubectl-spread',
            semanticVersion: VERSION,
            rules: CHECK_RULES.map(({id, summary}) => ({
              id,
              shortDescription: {text: summary},
              help: {
                text: `docs/findings/${id}.md tells the reason, the cure and how to silence it.`,
              },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map(resultOf),
      },
    ],
  };
}

function resultOf({rule, level, object, position, title, why, cure, suppressed}: Finding): object {
  const text = [title, ...why, cure.text, ...(cure.yaml === undefined ? [] : [cure.yaml.trimEnd()])].join(
    '\n',
  );
  return {
    ruleId: rule,
    ruleIndex: CHECK_RULES.findIndex(({id}) => id === rule),
    level,
    message: {text},
    locations: [
      {
        physicalLocation: {
          artifactLocation: {uri: uriOf(position.file)},
          region: {startLine: position.line, startColumn: position.column},
        },
        logicalLocations: [{name: object.name, fullyQualifiedName: describeObject(object), kind: 'resource'}],
      },
    ],
    // Lines move with every edit; what the finding is about does not.
    partialFingerprints: {'spreadOperator/v1': `${rule} ${describeObject(object)} ${title}`},
    ...(suppressed === undefined
      ? {}
      : {
          suppressions: [
            {
              kind: suppressed.by === 'annotation' ? 'inSource' : 'external',
              justification: suppressed.reason,
            },
          ],
        }),
  };
}

function uriOf(file: string): string {
  if (isAbsolute(file)) {
    return pathToFileURL(file).href;
  }
  return file === '<stdin>' ? 'stdin' : file.split(sep).map(encodeURIComponent).join('/');
}
