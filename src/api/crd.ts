/** The CustomResourceDefinition of SpreadPolicy, made from its schema; `npm run generate` writes it to crds/. */
import {GROUP, KIND, PLURAL, SHORT_NAME, SINGULAR, VERSION} from './names.ts';
import {spreadPolicySchema} from './schema.ts';

export const spreadPolicyCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${PLURAL}.${GROUP}`,
    labels: {'app.kubernetes.io/name': 'spread-operator', 'app.kubernetes.io/component': 'crd'},
  },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: {
      kind: KIND,
      listKind: `${KIND}List`,
      plural: PLURAL,
      singular: SINGULAR,
      shortNames: [SHORT_NAME],
      categories: ['all'],
    },
    versions: [
      {
        name: VERSION,
        served: true,
        storage: true,
        subresources: {status: {}},
        additionalPrinterColumns: [
          {
            name: 'Workloads',
            type: 'integer',
            jsonPath: '.status.summary.workloads',
            description: 'Workloads that the policy has.',
          },
          {
            name: 'Spread',
            type: 'integer',
            jsonPath: '.status.summary.spread',
            description: 'Workloads whose replicas are apart.',
          },
          {
            name: 'Moves',
            type: 'integer',
            jsonPath: '.status.summary.movesNeeded',
            description: 'The fewest moves that would spread the rest.',
          },
          {
            name: 'Ready',
            type: 'string',
            jsonPath: '.status.conditions[?(@.type=="Ready")].status',
            description: 'Whether everything wanted has been done.',
          },
          {
            name: 'Reason',
            type: 'string',
            priority: 1,
            jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
            description: 'Why it is Ready or not.',
          },
          {
            name: 'Message',
            type: 'string',
            priority: 1,
            jsonPath: '.status.conditions[?(@.type=="Ready")].message',
            description: 'Why it is Ready or not, as a sentence.',
          },
          {name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp'},
        ],
        schema: {openAPIV3Schema: spreadPolicySchema},
      },
    ],
  },
} as const;
