/** A workload whose selector does not match its own pods. */
import {stringify} from 'yaml';
import type {CheckRule} from '../context.ts';
import {referenceOf} from '../finding.ts';
import {isAboutSelector} from './invalid-object.ts';

export const selectorMismatch: CheckRule = {
  id: 'selector-mismatch',
  summary: 'The selector of a workload does not match the labels of its own pods',

  find({view}) {
    return view.stage.refused.flatMap(({manifest, namespace, causes}) => {
      const spec = manifest.content['spec'] as
        | {selector?: {matchLabels?: object}; template?: {metadata?: {labels?: object}}}
        | undefined;
      if (!causes.some(isAboutSelector) || spec?.selector === undefined) {
        return [];
      }
      const labels = spec.template?.metadata?.labels;
      const wanted = {...labels, ...spec.selector.matchLabels};
      return [
        {
          rule: 'selector-mismatch',
          level: 'error',
          object: referenceOf(manifest, namespace),
          position: manifest.locate(['spec', 'selector']),
          title: 'The selector does not match the labels of the pod template',
          why: [
            `spec.selector is ${JSON.stringify(spec.selector)}, the labels of the template are ${JSON.stringify(labels ?? {})}.`,
            'The API server refuses the object.',
          ],
          cure: {
            text: 'Give the template the labels that the selector asks for:',
            yaml: stringify({spec: {template: {metadata: {labels: wanted}}}}),
          },
        },
      ];
    });
  },
};
