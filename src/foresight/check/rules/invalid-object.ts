/** What the API server would refuse. */
import type {CheckRule} from '../context.ts';
import {referenceOf} from '../finding.ts';
import type {RefusedManifest} from '../stage.ts';

export const invalidObject: CheckRule = {
  id: 'invalid-object',
  summary: 'The API server would refuse the object',

  find({view}) {
    return view.stage.refused.flatMap((refused) => {
      const {manifest, namespace, causes} = refused;
      const [first] = causes.filter((cause) => !isAboutSelector(cause));
      if (first === undefined) {
        return [];
      }
      return [
        {
          rule: 'invalid-object',
          level: 'error',
          object: referenceOf(manifest, namespace),
          position: manifest.locate(first.field),
          title: 'The API server refuses the object',
          why: causes.map(({field, message}) =>
            field === undefined ? message : `${fieldText(field)}: ${message}`,
          ),
          cure: {text: 'Correct the field; nothing else of this object was judged.'},
        },
      ];
    });
  },
};

/** That one has a rule of its own, with the cure. */
export function isAboutSelector({field, message}: RefusedManifest['causes'][number]): boolean {
  return field?.join('.') === 'spec.template.metadata.labels' && message.includes('selector');
}

function fieldText(field: readonly (string | number)[]): string {
  return field
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}
