import {request} from 'node:http';

/** Where the Docker engine listens: DOCKER_HOST, or the usual socket. */
export function dockerHost(): string {
  return process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
}

export function dockerAddress(): {socketPath: string} | {host: string; port: string} {
  const host = new URL(dockerHost());
  return host.protocol === 'unix:' ? {socketPath: host.pathname} : {host: host.hostname, port: host.port};
}

/** undefined when a Docker engine answers; otherwise the reason why none can be used. */
export async function whyNoDocker(): Promise<string | undefined> {
  if (!['unix:', 'tcp:', 'http:'].includes(new URL(dockerHost()).protocol)) {
    return `DOCKER_HOST=${dockerHost()}: only unix:// and tcp:// are supported here`;
  }
  return new Promise((resolve) => {
    const call = request({...dockerAddress(), path: '/_ping', timeout: 5_000}, (response) => {
      response.resume();
      resolve(
        response.statusCode === 200
          ? undefined
          : `The Docker engine at ${dockerHost()} answers ${response.statusCode}`,
      );
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 5 s')));
    call.on('error', (error) =>
      resolve(
        `No Docker engine answers at ${dockerHost()} (${error.message}). Try ensure-docker.ts as root.`,
      ),
    );
    call.end();
  });
}
