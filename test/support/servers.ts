// Starts servers on a free port for the duration of a callback: in this process, as a command, or on node:net. Each is
// closed on every path.

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { IoModelName, StringServer, StringServerOptions } from 'strsvr';
import { startStringServer } from 'strsvr';
import { freePort } from '../../client/free-port.js';
import { type Finished, Program } from './program.js';

export { freePort };

export type Address = StringServer['address'];

/** The command-line arguments of a client for this address. */
export function at({ host, port }: Address): string[] {
  return [host, String(port)];
}

/** Runs a string server in this process. */
export async function withServer(
  options: StringServerOptions,
  use: (server: StringServer) => Promise<void>,
): Promise<void> {
  const server = await startStringServer({ port: 0, ...options });
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

/** The same as modelArgs, for servers in this process. */
export function modelOptions(io: IoModelName): StringServerOptions {
  return io === 'nonblocking' ? { io, idleSleepMs: 1 } : { io };
}

/** Options that select an I/O model. The nonblocking one sleeps between rounds, to leave the core to other tests. */
export function modelArgs(io: IoModelName): string[] {
  return ['--io', io, ...(io === 'nonblocking' ? ['--idle-sleep', '1'] : [])];
}

/** Runs strsvr, or the server at `path`, in a process of its own, and waits until it listens. */
export async function withStrsvr(
  args: readonly string[],
  use: (server: Program, address: Address) => Promise<void>,
  path = 'server/strsvr.js',
  through: readonly string[] = [],
): Promise<void> {
  await whileListening(new Program(path, args, [], through), use);
}

/** Runs strsvr; its process and each of its threads have loaded a module first. */
export async function withPreload(
  module: string,
  args: readonly string[],
  use: (server: Program, address: Address) => Promise<void>,
): Promise<void> {
  const url = `data:text/javascript,${encodeURIComponent(module)}`;
  await whileListening(new Program('server/strsvr.js', ['0', ...args], ['--import', url]), use);
}

async function whileListening(
  server: Program,
  use: (server: Program, address: Address) => Promise<void>,
): Promise<void> {
  try {
    const [, host = '', port] = await server.waitFor('stdout', /listening on (.+):(\d+)[ \n]/);
    await use(server, { host, port: Number(port) });
  } finally {
    server.kill();
    await server.finished;
  }
}

/** A server that must not start; it is killed if it does, or hangs. */
export function failedStart(server: Program): Promise<Finished> {
  const kill = () => server.kill();
  server.waitFor('stdout', /listening/).then(kill, kill);
  return server.finished;
}

/** Runs a stub server in this process: `accept` implements it. */
export async function withNetServer(
  accept: (socket: Socket) => void,
  use: (address: Address) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket.on('error', () => {}));
    accept(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
