// The program behind guard.ts. It reads lines "<verb> <value>" and acts only when its stdin ends undismissed.
import {rm} from 'node:fs/promises';
import {request} from 'node:http';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';

import {dockerAddress} from './docker.ts';

const folder = process.argv[2];
const processes = new Set<string>();
let containerLabel: string | undefined;

for await (const line of createInterface({input: process.stdin})) {
  const [verb = '', value = ''] = line.split(' ');
  if (verb === 'watch-process') {
    processes.add(value);
  } else if (verb === 'forget-process') {
    processes.delete(value);
  } else if (verb === 'watch-containers') {
    containerLabel = value;
  } else if (verb === 'dismiss') {
    process.exit(0);
  }
}

// The parent is gone, and nobody needs the state any more: no reason to be polite.
for (const pid of processes) {
  try {
    process.kill(Number(pid), 'SIGKILL');
  } catch {
    // Already gone.
  }
}
if (containerLabel !== undefined) {
  await removeContainers(containerLabel);
}
if (folder !== undefined) {
  // etcd may still write a last file while it dies.
  await rm(folder, {recursive: true, force: true, maxRetries: 10, retryDelay: 100});
}

async function removeContainers(label: string): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({label: [label]}));
  // Twice: one may have been in the making.
  for (const pause of [0, 2_000]) {
    await sleep(pause);
    const list = await callDocker('GET', `/containers/json?all=true&filters=${filters}`);
    const containers = list === '' ? [] : (JSON.parse(list) as {Id: string}[]);
    await Promise.all(containers.map(({Id}) => callDocker('DELETE', `/containers/${Id}?force=true&v=true`)));
  }
}

/** Speaks to the engine itself: a machine with an engine need not have the docker command. Empty when it fails. */
async function callDocker(method: string, path: string): Promise<string> {
  const {promise, resolve} = Promise.withResolvers<string>();
  const call = request({...dockerAddress(), method, path}, (response) => {
    let body = '';
    response
      .setEncoding('utf8')
      .on('data', (text: string) => {
        body += text;
      })
      .on('end', () => resolve(response.statusCode === 200 ? body : ''));
  });
  call.on('error', () => resolve('')).end();
  return promise;
}
