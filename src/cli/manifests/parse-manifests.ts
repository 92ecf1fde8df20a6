/** The Kubernetes objects of a text, each with the position of its fields; what is wrong with it as values. Pure. */
import {type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, visit} from 'yaml';
import {type FieldPath, type ManifestObject, type Position} from '../../foresight/check/manifest-object.ts';
import {type YamlText, yamlDocuments} from './yaml-documents.ts';

export interface InputRemark {
  readonly position: Position;
  readonly message: string;
}

export interface ParsedManifests {
  readonly objects: readonly ManifestObject[];
  /** What makes the text unusable. */
  readonly problems: readonly InputRemark[];
  /** What was passed over. */
  readonly notes: readonly InputRemark[];
}

interface Collector {
  readonly file: string;
  readonly yaml: YamlText;
  readonly objects: ManifestObject[];
  readonly problems: InputRemark[];
  readonly notes: InputRemark[];
}

/** Aliases that one document may expand to: far more than anybody writes, far less than a bomb needs. */
const MAX_ALIASES = 10_000;
const UNRENDERED =
  'is a template that is not rendered yet; render it first: `helm template CHART | kubectl spread check -f -`';

/** `file` is only a name here. */
export function parseManifests(text: string, file: string): ParsedManifests {
  const notText = text.search(/\0|\uFFFD\uFFFD/);
  if (notText >= 0) {
    const line = text.slice(0, notText).split('\n').length;
    const message = 'expected UTF-8 text, found bytes that are not; name manifests only, or convert the file';
    return {objects: [], problems: [{position: {file, line, column: 1}, message}], notes: []};
  }
  const collector: Collector = {
    file,
    yaml: yamlDocuments(text),
    objects: [],
    problems: [],
    notes: [],
  };
  for (const document of collector.yaml.documents) {
    readDocument(document, collector);
  }
  const {objects, problems, notes} = collector;
  return {objects, problems, notes};
}

function readDocument(document: Document.Parsed, collector: Collector): void {
  const {problems, notes, yaml} = collector;
  const [start, , end] = document.range;
  const source = yaml.text.slice(start, end);
  const template = templateIn(document, source, start);
  if (template !== undefined) {
    problems.push({position: positionAt(template, collector), message: UNRENDERED});
    return;
  }
  let isBroken = false;
  for (const {code, pos, message} of document.errors) {
    const position = positionAt(pos[0], collector);
    if (code === 'DUPLICATE_KEY') {
      notes.push({
        position,
        message: 'this key stands twice in its map; the last one counts, as for kubectl',
      });
    } else if (!isBroken) {
      // What follows the first error is mostly its consequence.
      problems.push({position, message: `not valid YAML: ${message}`});
      isBroken = true;
    }
  }
  if (isBroken) {
    return;
  }
  let content: unknown;
  try {
    content = document.toJS({maxAliasCount: MAX_ALIASES});
  } catch (error) {
    problems.push({
      position: positionAt(aliasOffset(document), collector),
      message: (error as Error).message,
    });
    return;
  }
  if (content !== null && content !== undefined) {
    readObject(content, [], document, collector);
  }
}

function readObject(
  content: unknown,
  path: FieldPath,
  document: Document.Parsed,
  collector: Collector,
): void {
  const locate = (field: FieldPath = []) =>
    positionAt(offsetOf(document, [...path, ...field]) ?? document.range[0], collector);
  if (!isRecord(content)) {
    collector.notes.push({position: locate(), message: 'no Kubernetes object: expected a map; passed over'});
    return;
  }
  const {apiVersion, kind, items} = content;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion === '' || kind === '') {
    collector.notes.push({
      position: locate(),
      message: `no Kubernetes object: without ${typeof kind === 'string' ? 'apiVersion' : 'kind'}; passed over`,
    });
    return;
  }
  if (kind.endsWith('List') && (Array.isArray(items) || items === null)) {
    for (const [index, item] of (items ?? []).entries()) {
      readObject(item, [...path, 'items', index], document, collector);
    }
    return;
  }
  const metadata = isRecord(content['metadata']) ? content['metadata'] : {};
  const {name, generateName, namespace} = metadata;
  if (!isText(name) && !isText(generateName)) {
    collector.notes.push({position: locate(), message: `${kind} without metadata.name; passed over`});
    return;
  }
  const template = [name, generateName, namespace].find((each) => isText(each) && /\{\{|\{%/.test(each));
  if (template !== undefined) {
    collector.problems.push({position: locate(['metadata']), message: UNRENDERED});
    return;
  }
  collector.objects.push({
    apiVersion,
    kind,
    name: isText(name) ? name : `${String(generateName)}x`,
    ...(isText(namespace) ? {namespace} : {}),
    content,
    locate,
  });
}

/** Offset of what only a template engine reads: `{{ … }}` as a key or value by itself, or anything like it in broken YAML. */
function templateIn(document: Document.Parsed, source: string, start: number): number | undefined {
  const marker = source.search(/\{\{|\{%/);
  if (marker < 0) {
    return undefined;
  }
  if (document.errors.some(({code}) => code !== 'DUPLICATE_KEY')) {
    return start + marker;
  }
  let found: number | undefined;
  visit(document, {
    Pair: (_, {key}) => {
      if (isMap(key) && key.flow === true && key.range) {
        found = key.range[0];
        return visit.BREAK;
      }
      return undefined;
    },
  });
  return found;
}

/** Undefined only for a document without content. */
function offsetOf(document: Document.Parsed, path: FieldPath): number | undefined {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0];
  for (const name of path) {
    const container = isAlias(node) ? node.resolve(document) : node;
    if (isMap(container)) {
      const pair = container.items.findLast(({key}) => isScalar(key) && String(key.value) === String(name));
      if (!isPair(pair)) {
        return offset;
      }
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(container)) {
      node = container.items[Number(name)] as Node | undefined;
      offset = node?.range?.[0] ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function aliasOffset(document: Document.Parsed): number {
  let offset = document.range[0];
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined) {
        offset = alias.range?.[0] ?? offset;
        return visit.BREAK;
      }
      return undefined;
    },
  });
  return offset;
}

function positionAt(offset: number, {file, yaml}: Collector): Position {
  return {file, ...yaml.linePosition(offset)};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
