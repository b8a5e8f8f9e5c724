// A TCP proxy with network faults between clients and a server: latency, small segments, resets, half-closes, black holes.
// The faults follow from a seed. `make test` runs a few seeds, `make soak` many.

import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkHistory, type Operation } from '../../shared/linearizability.js';
import type { IoModelName } from '../../shared/options.js';
import { type Prng, prng } from '../../shared/prng.js';
import { recordClient } from './recording-client.js';
import { type Address, withServer } from './servers.js';

const CLIENTS = 4;
/** Behind a black hole a client gives up after `timeoutMs`. */
const BEHAVIOUR = { letters: 8, timeoutMs: 500 };

/** Faults of each direction of each connection; 0 and Infinity disable one. */
export interface Faults {
  /** The delay of each slice; a random part of `jitterMs` is added. Slices stay in order. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** The largest slice of a chunk, in bytes. */
  readonly sliceBytes: number;
  readonly bytesPerSecond: number;
  /** After this number of bytes both sides are reset, one direction ends, or all further bytes are dropped. */
  readonly resetAfterBytes: number;
  readonly halfCloseAfterBytes: number;
  readonly blackholeAfterBytes: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export const NO_FAULTS: Faults = {
  latencyMs: 0,
  jitterMs: 0,
  sliceBytes: NEVER,
  bytesPerSecond: NEVER,
  resetAfterBytes: NEVER,
  halfCloseAfterBytes: NEVER,
  blackholeAfterBytes: NEVER,
};

/** Mostly delays and slices; at most one fault that ends the connection. */
function randomFaults({ below, oneOf }: Prng): Faults {
  const end = oneOf(['none', 'none', 'resetAfterBytes', 'halfCloseAfterBytes', 'blackholeAfterBytes']);
  return {
    ...NO_FAULTS,
    latencyMs: below(3),
    jitterMs: below(4),
    sliceBytes: oneOf([1, 2, 7, NEVER]),
    bytesPerSecond: oneOf([NEVER, NEVER, 20_000]),
    ...(end !== 'none' && { [end]: 1 + below(60) }),
  };
}

/** A proxy in front of a server, closed with all its connections on every path. */
export async function withProxy(
  server: Address,
  faults: Faults,
  random: Prng,
  use: (address: Address) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const proxy = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = keep(createConnection({ ...server, allowHalfOpen: true, noDelay: true }));
    void carry(keep(client), upstream, faults, random);
    void carry(upstream, client, faults, random);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  try {
    await use({ host: '127.0.0.1', port: (proxy.address() as { port: number }).port });
  } finally {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  }
}

/** One direction of one connection, until it ends or breaks. */
async function carry(from: Socket, to: Socket, faults: Faults, random: Prng): Promise<void> {
  let carried = 0;
  try {
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      for (let at = 0; at < chunk.length; ) {
        const slice: Buffer = chunk.subarray(at, Math.min(chunk.length, at + faults.sliceBytes));
        at += slice.length;
        carried += slice.length;
        const delayMs =
          faults.latencyMs +
          random.below(faults.jitterMs + 1) +
          (slice.length * 1000) / faults.bytesPerSecond;
        if (delayMs > 0) await sleep(delayMs);
        if (carried >= faults.resetAfterBytes) {
          from.resetAndDestroy();
          to.resetAndDestroy();
          return;
        }
        if (carried >= faults.halfCloseAfterBytes) {
          to.end();
          return;
        }
        if (carried < faults.blackholeAfterBytes && to.writable) to.write(slice);
      }
    }
    to.end();
  } catch {
    to.destroy(); // the other side has broken the connection
  }
}

/** Runs clients behind the faults of a seed. @returns the violated invariant, or undefined */
export async function runScript(io: IoModelName, seed: number): Promise<string | undefined> {
  const random = prng(seed);
  const faults = randomFaults(random);
  let wrong: string | undefined;
  await withServer({ io }, async (server) => {
    const histories: Operation[][] = [];
    await withProxy(server.address, faults, random, async (address) => {
      const clients = Array.from({ length: CLIENTS }, (_, client) =>
        recordClient(address, client, BEHAVIOUR),
      );
      histories.push(...(await Promise.all(clients)));
    });
    const found = checkHistory(histories.flat(), (await server.stop()).text);
    if (found !== undefined)
      wrong = `${io}, seed ${seed}: ${found.invariant}: ${found.what}: ${JSON.stringify(faults)}`;
  });
  return wrong;
}
