// A wall in this process, on a server that it starts, on one that runs, or on one in this process.

import type { LogLine } from '../../client/wall/server-log.js';
import { attach, launch, type ServerTarget } from '../../client/wall/server-target.js';
import { Wall, type WallOptions } from '../../client/wall/wall.js';
import { type Address, withServer } from '../support/servers.js';

export const STRSVR = ['strsvr', '0'];

export interface Running {
  readonly wall: Wall;
  readonly http: Address;
  readonly server: Address;
  readonly lines: readonly string[];
}

/** @param server a command, an address, or undefined: a server in this process, whose threads the wall cannot see */
export async function withWall(
  server: readonly string[] | Address | undefined,
  use: (running: Running) => Promise<void>,
  options: Partial<WallOptions> = {},
): Promise<void> {
  if (server === undefined) return withServer({}, ({ address }) => withWall(address, use, options));
  const { close, ...running } = await startWall(server, options);
  try {
    await use(running);
  } finally {
    await close();
  }
}

export async function startWall(
  server: readonly string[] | Address,
  options: Partial<WallOptions> = {},
): Promise<Running & { readonly close: () => Promise<void> }> {
  const lines: string[] = [];
  const early: LogLine[] = [];
  let wall: Wall | undefined;
  const take = (line: LogLine) => (wall === undefined ? early.push(line) : wall.takeLine(line));
  const target: ServerTarget = 'host' in server ? await attach(server) : await launch(server, take);
  wall = new Wall(target, {
    ...{
      http: { host: '127.0.0.1', port: 0 },
      names: [],
      perAddress: 40,
      bots: 0,
      raw: false,
      record: undefined,
    },
    onLine: (line) => lines.push(line),
    onVisit: () => {},
    ...options,
  });
  for (const line of early) wall.takeLine(line);
  const close = async () => {
    await target.stop();
    await wall?.close();
  };
  try {
    return { wall, http: await wall.start(), server: target.address, lines, close };
  } catch (error) {
    await close();
    throw error;
  }
}
