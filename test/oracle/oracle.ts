/**
 * kube-scheduler's own plugins as a judge: a small Go program (`go/main.go`) that takes a scheduling case and says
 * what the plugins of the default profile say.
 */
import {type ChildProcessWithoutNullStreams, execFile, spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {mkdir, readFile, rename} from 'node:fs/promises';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {promisify} from 'node:util';
import type {LabelSelector} from '../../src/cluster/label-selector.ts';
import type {ApiNode} from '../../src/cluster/node.ts';
import type {ApiPod} from '../../src/cluster/pod.ts';
import type {
  ApiCsiDriver,
  ApiCsiNode,
  ApiPersistentVolume,
  ApiPersistentVolumeClaim,
  ApiStorageClass,
  ApiVolumeAttachment,
} from '../../src/cluster/volumes.ts';
import {cacheDirectory} from '../controlplane/binaries.ts';
import {withBuildLock} from '../controlplane/build-lock.ts';

const MODULE_DIRECTORY = join(import.meta.dirname, 'go');

/** API objects, as they would come from the API server; the Go program reads them strictly. */
export interface SchedulingCase {
  readonly nodes: ApiNode[];
  /** Bound to these nodes, none of them finished: the scheduler's snapshot holds no others. */
  readonly pods: ApiPod[];
  /** Waiting for a node that is promised to them: status.nominatedNodeName. */
  readonly nominated?: ApiPod[];
  readonly namespaces: {metadata: {name: string; labels?: Record<string, string>}}[];
  readonly services: {
    metadata: {name: string; namespace: string};
    spec: {selector: Record<string, string>};
  }[];
  readonly replicaSets: {metadata: {name: string; namespace: string}; spec: {selector: LabelSelector}}[];
  readonly pod: ApiPod;
  readonly storage?: ApiStorage;
}

export interface ApiStorage {
  readonly persistentVolumes: ApiPersistentVolume[];
  readonly persistentVolumeClaims: ApiPersistentVolumeClaim[];
  readonly storageClasses: ApiStorageClass[];
  readonly csiNodes: ApiCsiNode[];
  readonly csiDrivers: ApiCsiDriver[];
  readonly volumeAttachments: ApiVolumeAttachment[];
}

export interface OracleRefusal {
  readonly plugin: string;
  readonly reasons: string[];
  readonly resolvable: boolean;
}

export interface OracleVerdict {
  /** Set when the pod was refused before any node was looked at. */
  readonly pod?: OracleRefusal;
  readonly refusals: Record<string, OracleRefusal>;
  readonly feasible: string[];
  /** Weighted scores by node and plugin, of the plugins that did not skip the pod. */
  readonly scores: Record<string, Record<string, number>>;
}

export class SchedulerOracle implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  private constructor(program: string) {
    this.#process = spawn(program);
    this.#process.stderr.pipe(process.stderr);
    this.#answers = createInterface({input: this.#process.stdout})[Symbol.asyncIterator]();
  }

  /** Builds the program when it is not there yet; the first time this takes minutes. */
  static async start(): Promise<SchedulerOracle> {
    return new SchedulerOracle(await ensureOracle());
  }

  /** One case at a time. */
  async judge(input: SchedulingCase): Promise<OracleVerdict> {
    this.#process.stdin.write(`${JSON.stringify(input)}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) {
      throw new Error('The scheduler oracle ended without an answer; its stderr says why');
    }
    const verdict = JSON.parse(answer.value) as OracleVerdict & {error?: string};
    if (verdict.error !== undefined) {
      throw new Error(`The scheduler oracle cannot judge the case: ${verdict.error}`);
    }
    return verdict;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => {
      this.#process.once('exit', resolve);
    });
    this.#process.stdin.end();
    await ended;
  }
}

/** Returns the path of the program, and builds it first when it is not there yet. */
export async function ensureOracle(): Promise<string> {
  const sources = await Promise.all(
    ['go.mod', 'go.sum', 'main.go'].map((name) => readFile(join(MODULE_DIRECTORY, name), 'utf8')),
  );
  const hash = createHash('sha256').update(sources.join('\0')).digest('hex').slice(0, 16);
  const directory = join(cacheDirectory(), 'scheduler-oracle');
  const program = join(directory, hash);
  if (!existsSync(program)) {
    await mkdir(directory, {recursive: true});
    await withBuildLock(`${program}.lock`, async () => {
      if (!existsSync(program)) {
        console.error('Building the scheduler oracle with Go. This happens once and takes some minutes.');
        const unfinished = `${program}.unfinished`;
        await promisify(execFile)('go', ['build', '-trimpath', '-buildvcs=false', '-o', unfinished, '.'], {
          cwd: MODULE_DIRECTORY,
        });
        await rename(unfinished, program);
      }
    });
  }
  return program;
}
