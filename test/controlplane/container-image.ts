import {createHash} from 'node:crypto';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';

import {GenericContainer, getContainerRuntimeClient, ImageName} from 'testcontainers';

import type {Binaries} from './binaries.ts';
import {withBuildLock} from './build-lock.ts';

/** Returns the name of an image that holds the programs in /bin, and builds it first when the engine has none. */
export async function ensureImage(binaries: Binaries): Promise<string> {
  const dockerfile = await readFile(join(import.meta.dirname, 'Dockerfile'), 'utf8');
  const tag = createHash('sha256').update(`${binaries.hash}\0${dockerfile}`).digest('hex').slice(0, 16);
  const name = `localhost/spread-operator-control-plane:${tag}`;
  const {image} = await getContainerRuntimeClient();
  const imageName = ImageName.fromString(name);

  if (!(await image.exists(imageName))) {
    await withBuildLock(`${binaries.directory}.image.lock`, async () => {
      console.error(`Building the image ${name} …`);
      // testcontainers wants the Dockerfile inside the build context.
      await writeFile(join(binaries.directory, 'Dockerfile'), dockerfile);
      await GenericContainer.fromDockerfile(binaries.directory).build(name, {deleteOnExit: false});
    });
  }
  return name;
}
