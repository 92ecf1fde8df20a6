/** Which resources there are: the built-in ones here, those of CustomResourceDefinitions in `ResourceRegistry`. */
import type {ApiObject, ResourceName} from '../cluster-api.ts';
import {builtIns} from './built-in-resources.ts';
import type {JsonObject} from './json.ts';
import type {FieldError} from './status-error.ts';
import {builtInStructure, type OpenApiSchema, type Structure} from './structure.ts';

export interface Resource {
  /** The storage key: `pods`, `deployments.apps`. Two resources may share one (events). */
  readonly storage: ResourceName;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly isNamespaced: boolean;
  readonly subresources: readonly string[];
  /** Whether spec changes are counted in metadata.generation. */
  readonly hasGeneration: boolean;
  readonly structure: Structure;
  /** The name of the schema in OpenAPI; for custom kinds it is derived. */
  readonly schemaName: string;
  /** Fields besides metadata.name and metadata.namespace that a field selector may name. */
  readonly selectableFields: readonly string[];
  readonly custom?: CustomVersion;
}

/** What a CustomResourceDefinition says about a version, for those that serve it. */
export interface CustomVersion {
  /** Prunes and defaults. */
  decode(body: JsonObject): {value: unknown; unknown: readonly string[]};
  validate(object: ApiObject, old: ApiObject | undefined): FieldError[];
  readonly schema: OpenApiSchema;
  readonly definitionName: string;
  readonly printerColumns: readonly PrinterColumn[];
  readonly listKind: string;
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly jsonPath: string;
}

function resourceName(group: string, plural: string): ResourceName {
  return group === '' ? plural : `${plural}.${group}`;
}

const builtInResources: readonly Resource[] = builtIns.flatMap(({group, version, schemas, resources}) =>
  resources.map((each): Resource => {
    const schemaName = `${schemas}.${each.kind}`;
    return {
      storage: each.storage ?? resourceName(group, each.plural),
      group,
      version,
      plural: each.plural,
      singular: each.singular ?? each.kind.toLowerCase(),
      kind: each.kind,
      shortNames: each.shortNames ?? [],
      categories: each.categories ?? [],
      isNamespaced: each.clusterScoped !== true,
      subresources: each.subresources ?? [],
      hasGeneration: each.generation === true,
      structure: builtInStructure(schemaName),
      schemaName,
      selectableFields: each.selectable ?? [],
    };
  }),
);

export class ResourceRegistry {
  #custom: readonly Resource[] = [];
  /** Changes whenever the resources do, so that discovery can be cached. */
  #generation = 0;

  get generation(): number {
    return this.#generation;
  }

  setCustom(resources: readonly Resource[]): void {
    this.#custom = resources;
    this.#generation++;
  }

  all(): readonly Resource[] {
    return [...builtInResources, ...this.#custom];
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.all().find(
      (each) => each.group === group && each.version === version && each.plural === plural,
    );
  }

  findKind(group: string, version: string, kind: string): Resource | undefined {
    return this.all().find((each) => each.group === group && each.version === version && each.kind === kind);
  }

  /** By the name that {@link ResourceName} describes; the first version serves. */
  byName(name: ResourceName): Resource {
    const known = this.#byName.get(name);
    if (known !== undefined && known.generation === this.#generation) return known.resource;
    const resource = this.all().find((each) => resourceName(each.group, each.plural) === name);
    if (resource === undefined) throw new Error(`the API server has no resource ${JSON.stringify(name)}`);
    this.#byName.set(name, {resource, generation: this.#generation});
    return resource;
  }

  readonly #byName = new Map<ResourceName, {resource: Resource; generation: number}>();
}

export function apiVersionOf({group, version}: Pick<Resource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}
