/** What `-f` names: files, directories, standard input. Nothing is fetched and nothing is run. */
import {readdir, readFile, stat} from 'node:fs/promises';
import {extname, join, resolve} from 'node:path';
import {describePosition, type ManifestObject} from '../../foresight/check/manifest-object.ts';
import {InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {type InputRemark, parseManifests} from './parse-manifests.ts';

export interface ManifestOptions {
  /** As `-f` has them. */
  readonly filenames: readonly string[];
  readonly isRecursive: boolean;
}

export interface Manifests {
  readonly objects: readonly ManifestObject[];
  /** How many files, standard input included. */
  readonly files: number;
  /** What was passed over, with its place, for people. */
  readonly notes: readonly string[];
}

interface Source {
  readonly file: string;
  readonly text: string;
}

const EXTENSIONS: ReadonlySet<string> = new Set(['.json', '.yaml', '.yml']);
const KUSTOMIZATIONS: ReadonlySet<string> = new Set([
  'kustomization.yaml',
  'kustomization.yml',
  'Kustomization',
]);

/** Throws an InputError that names everything that cannot be used, each with file and line. */
export async function readManifests(options: ManifestOptions, io: CommandIo): Promise<Manifests> {
  const objects: ManifestObject[] = [];
  const notes: string[] = [];
  const problems: string[] = [];
  let files = 0;
  for (const filename of options.filenames) {
    for await (const {file, text} of sourcesOf(filename, options, io, notes)) {
      files++;
      const parsed = parseManifests(text, file);
      for (const object of parsed.objects) {
        objects.push(object);
      }
      notes.push(...parsed.notes.map(describeRemark));
      problems.push(...parsed.problems.map(describeRemark));
    }
  }
  if (problems.length > 0) {
    throw new InputError(problems.join('\nerror: '));
  }
  if (objects.length === 0) {
    const read = options.filenames.map((filename) => (filename === '-' ? 'standard input' : filename));
    throw new InputError([`no Kubernetes object in ${read.join(', ')}`, ...notes].join('\n  '));
  }
  return {objects, files, notes};
}

async function* sourcesOf(
  filename: string,
  {isRecursive}: ManifestOptions,
  io: CommandIo,
  notes: string[],
): AsyncGenerator<Source> {
  if (filename === '-') {
    yield {file: '<stdin>', text: await io.stdin()};
    return;
  }
  if (/^https?:\/\//.test(filename)) {
    throw new InputError(
      `${filename} is not fetched; read it first: \`curl -fsSL ${filename} | kubectl spread check -f -\``,
    );
  }
  const isDirectory = await readable(filename, async () =>
    (await stat(resolve(io.directory, filename))).isDirectory(),
  );
  if (!isDirectory) {
    yield await readSource(filename, io);
    return;
  }
  let count = 0;
  for (const file of await filesOf(filename, isRecursive, io, notes, true)) {
    count++;
    yield await readSource(file, io);
  }
  if (count === 0) {
    throw new InputError(
      `directory ${filename}: expected .yaml, .yml or .json files, found none` +
        (isRecursive ? '' : '; -R looks into its directories too'),
    );
  }
}

async function filesOf(
  directory: string,
  isRecursive: boolean,
  io: CommandIo,
  notes: string[],
  isNamed: boolean,
): Promise<string[]> {
  const entries = await readable(
    directory,
    async () => await readdir(resolve(io.directory, directory), {withFileTypes: true}),
  );
  const toRender = rendererOf(
    directory,
    entries.map(({name}) => name),
  );
  if (toRender !== undefined) {
    if (isNamed) {
      throw new InputError(`${directory} ${toRender}`);
    }
    notes.push(`${directory} ${toRender}; passed over`);
    return [];
  }
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      files.push(...(isRecursive ? await filesOf(path, isRecursive, io, notes, false) : []));
    } else if (EXTENSIONS.has(extname(entry.name))) {
      files.push(path);
    }
  }
  return files;
}

function rendererOf(directory: string, names: readonly string[]): string | undefined {
  if (names.some((name) => KUSTOMIZATIONS.has(name))) {
    return `is a kustomization; build it first: \`kubectl kustomize ${directory} | kubectl spread check -f -\``;
  }
  if (names.includes('Chart.yaml')) {
    return `is a Helm chart; render it first: \`helm template ${directory} | kubectl spread check -f -\``;
  }
  return undefined;
}

async function readSource(file: string, io: CommandIo): Promise<Source> {
  return {
    file,
    text: await readable(file, async () => await readFile(resolve(io.directory, file), 'utf8')),
  };
}

async function readable<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new InputError(`${file} cannot be read: ${(error as Error).message}`, {cause: error});
  }
}

function describeRemark({position, message}: InputRemark): string {
  return `${describePosition(position)}: ${message}`;
}
