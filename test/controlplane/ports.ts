import {createServer} from 'node:net';

const lowest = 15_000;
const highest = 30_000;

/**
 * Picks free ports of 127.0.0.1 below the range from which outgoing connections take theirs (32768 and up on
 * Linux), because otherwise such a connection could take the API server's port while that restarts.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let attempt = 0; ports.length < count; attempt++) {
    if (attempt > 1000) {
      throw new Error(`No ${count} free ports found on 127.0.0.1 between ${lowest} and ${highest}`);
    }
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (!ports.includes(port) && (await isFree(port))) {
      ports.push(port);
    }
  }
  return ports;
}

export async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen({port, host: '127.0.0.1'}, () => server.close(() => resolve(true)));
  });
}
