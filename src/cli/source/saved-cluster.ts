/** A cluster in a file: what `kubectl spread snapshot` writes, and every other command reads with `--snapshot`. */
import {readFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {gunzipSync, gzipSync} from 'node:zlib';
import type {ClusterPicture, MissingResource} from '../../foresight/cluster-picture.ts';
import {asObject, isObject, type JsonObject} from '../../simulator/apiserver/json.ts';
import {InputError} from '../failure.ts';
import type {CommandIo} from '../io.ts';
import {DOCUMENT_API_VERSION} from '../output/document.ts';
import {savedObjects} from './saved-objects.ts';

const KIND = 'ClusterSnapshot';
const GZIP_MAGIC = 0x1f8b;

/** JSON; compressed when the file's name ends in `.gz`. */
export function encodeCluster(picture: ClusterPicture, isCompressed: boolean): Buffer {
  const {origin, takenAt, server, objects, missing} = picture;
  const text = JSON.stringify({
    apiVersion: DOCUMENT_API_VERSION,
    kind: KIND,
    origin,
    takenAt: new Date(takenAt).toISOString(),
    server,
    missing,
    objects,
  });
  const bytes = Buffer.from(`${text}\n`);
  return isCompressed ? gzipSync(bytes) : bytes;
}

/** Throws an InputError that names the file and says what is wrong with it. */
export async function readSavedCluster(
  file: string,
  {directory}: Pick<CommandIo, 'directory'>,
): Promise<ClusterPicture> {
  let bytes: Buffer;
  try {
    bytes = await readFile(resolve(directory, file));
  } catch (error) {
    throw new InputError(`snapshot ${file} cannot be read: ${(error as Error).message}`, {cause: error});
  }
  return decodeCluster(bytes, file);
}

function decodeCluster(bytes: Buffer, file: string): ClusterPicture {
  let content: JsonObject;
  try {
    const isCompressed = bytes.length > 1 && bytes.readUInt16BE(0) === GZIP_MAGIC;
    content = asObject(JSON.parse((isCompressed ? gunzipSync(bytes) : bytes).toString('utf8')));
  } catch (error) {
    throw new InputError(`snapshot ${file} is not valid: ${(error as Error).message}`, {cause: error});
  }
  const {apiVersion, kind, origin, takenAt, server, objects, missing} = content;
  if (apiVersion !== DOCUMENT_API_VERSION || kind !== KIND) {
    throw new InputError(
      `snapshot ${file}: expected a ${KIND} of ${DOCUMENT_API_VERSION}, found ${String(kind)} of ${String(apiVersion)}; ` +
        'make one with `kubectl spread snapshot -o FILE`',
    );
  }
  const time = Date.parse(String(takenAt));
  if (
    typeof origin !== 'string' ||
    Number.isNaN(time) ||
    !isServer(server) ||
    !Array.isArray(objects) ||
    !Array.isArray(missing) ||
    !missing.every(isMissingResource)
  ) {
    throw new InputError(`snapshot ${file} is incomplete: make it again with \`kubectl spread snapshot\``);
  }
  return {
    origin: `${file}, ${origin} at ${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    takenAt: time,
    server,
    objects: savedObjects(objects, file),
    missing,
  };
}

function isServer(value: unknown): value is ClusterPicture['server'] {
  return isObject(value) && Number.isInteger(value['major']) && Number.isInteger(value['minor']);
}

function isMissingResource(value: unknown): value is MissingResource {
  return isObject(value) && typeof value['resource'] === 'string' && typeof value['reason'] === 'string';
}
