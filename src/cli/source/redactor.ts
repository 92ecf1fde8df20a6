/** Leaves out of API objects what may be secret, before anything else sees them. */
import {createHash} from 'node:crypto';
import {sortedJson} from '../../simulator/apiserver/json.ts';
import type {ApiObject} from '../../simulator/cluster-api.ts';
import {keep} from './keep.ts';
import {KEPT_FIELDS, keptMetadata} from './kept-fields.ts';

interface Template {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: object;
}

const TEMPLATE_HASH = 'pod-template-hash';
/** On a pod template: tells it from others that differ only in what is left out. Says nothing about that. */
const VARIANT = 'cli.spread-operator.io/variant';

/** One for each picture. */
export class Redactor {
  /** By what is kept of a template, the numbers of its originals. Only digests: of whole clusters. */
  readonly #variants = new Map<string, Map<string, number>>();

  redact(object: ApiObject): ApiObject {
    const {apiVersion, kind, metadata} = object;
    const {metadata: _, ...fields} = KEPT_FIELDS[kind] ?? {};
    const kept = {
      apiVersion,
      kind,
      metadata: withPlacementOwners(keep(metadata, keptMetadata(kind))),
      ...(keep(object, fields) as object),
    } as ApiObject;
    const original = templateOf(object);
    const template = templateOf(kept);
    return original === undefined || template === undefined
      ? kept
      : this.#withVariant(kept, template, original);
  }

  /**
   * Two revisions of a Deployment may differ in nothing but their environment. They must stay two, or nobody could say
   * any more which ReplicaSet is the current one.
   */
  #withVariant(kept: ApiObject, template: Template, original: Template): ApiObject {
    const of = digestOf(template);
    const variants = this.#variants.get(of) ?? new Map<string, number>();
    this.#variants.set(of, variants);
    const digest = digestOf(original);
    const number = variants.get(digest) ?? variants.size;
    variants.set(digest, number);
    if (number === 0) {
      return kept;
    }
    const annotations = {...template.metadata?.annotations, [VARIANT]: String(number)};
    return {
      ...kept,
      spec: {
        ...(kept['spec'] as object),
        template: {...template, metadata: {...template.metadata, annotations}},
      },
    };
  }
}

function templateOf(object: ApiObject): Template | undefined {
  return (object['spec'] as {readonly template?: Template} | undefined)?.template;
}

/** Of the template without the label that a ReplicaSet adds. */
function digestOf({metadata, spec}: Template): string {
  const {[TEMPLATE_HASH]: _, ...labels} = metadata?.labels ?? {};
  const text = sortedJson({labels, annotations: metadata?.annotations ?? {}, spec});
  return createHash('sha256').update(text).digest('base64');
}

/** Without the managers that own nothing of what is kept. */
function withPlacementOwners(metadata: unknown): unknown {
  const {managedFields, ...rest} = metadata as {readonly managedFields?: readonly {fieldsV1?: object}[]};
  const owners = (managedFields ?? []).filter(({fieldsV1 = {}}) => isPlacement(fieldsV1));
  return owners.length === 0 ? rest : {...rest, managedFields: owners};
}

function isPlacement(fields: object): boolean {
  return /"f:(?:podAntiAffinity|topologySpreadConstraints)"/.test(JSON.stringify(fields));
}
