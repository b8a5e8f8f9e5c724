// Connects a socket, or throws an error whose message is one line for the user; and receives from it in chunks, one recv
// at a time.

import { once } from 'node:events';
import { createConnection, type OnReadOpts, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type Address, formatAddress } from '../shared/address.js';
import { connectError, lostError, OperationalError } from '../shared/errors.js';
import type { TlsOptions } from './secure-socket.js';

/** The connect fails after this time without an answer. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Maximum size of one receive, in bytes. */
const RECEIVE_SIZE = 65_536;

export interface SocketOptions {
  /** The command that starts such a server, for the error message. */
  readonly server: string;
  readonly timeoutMs?: number | undefined;
  /** Encrypt; undefined: do not. */
  readonly tls?: TlsOptions | undefined;
  /** Receives into this buffer instead of emitting 'data' events. */
  readonly onread?: OnReadOpts;
}

/** @throws OperationalError if there is no server or the connect times out */
export async function openSocket(address: Address, options: SocketOptions): Promise<Socket> {
  const { server, timeoutMs = CONNECT_TIMEOUT_MS, tls, ...how } = options;
  const where = { host: address.host, port: address.port, noDelay: true };
  const socket =
    tls === undefined
      ? createConnection({ ...where, ...how })
      : (await import('./secure-socket.js')).createSecureConnection(where, tls);
  socket.on('error', () => {}); // the pending operation rejects
  try {
    const event = tls === undefined ? 'connect' : 'secureConnect';
    await once(socket, event, { signal: AbortSignal.timeout(timeoutMs) });
    return socket;
  } catch (error) {
    socket.destroy();
    if (!(error instanceof Error) || error.name !== 'AbortError') {
      if (tls === undefined) throw connectError(error, address, server);
      throw (
        (await import('./secure-socket.js')).tlsError(error, address) ?? connectError(error, address, server)
      );
    }
    throw new OperationalError(
      'ETIMEDOUT',
      `${formatAddress(address)} did not answer for ${timeoutMs / 1000} s`,
      error,
    );
  }
}

/**
 * Opens a socket and receives only when the next chunk is requested: each chunk is what one receive returned, at most
 * `receiveSize` bytes. Iteration ends when the server closes and throws an OperationalError if the connection breaks.
 * Leaving the loop early closes the socket.
 * @throws OperationalError as openSocket does
 */
export async function receiveChunks(
  address: Address,
  server: string,
  receiveSize = RECEIVE_SIZE,
): Promise<{ socket: Socket; chunks: AsyncIterable<Buffer> }> {
  const chunks = new Readable({
    objectMode: true,
    highWaterMark: 0,
    // Not at once: a reset that arrives together with data would then look like the end (libuv, uv__stream_io).
    read: () => setImmediate(() => socket.resume()),
    destroy: (error, destroyed) => {
      socket.destroy();
      destroyed(error);
    },
  });
  const receive = (bytes: number, buffer: Uint8Array) => {
    chunks.push(Buffer.from(buffer.subarray(0, bytes))); // a copy, because the next receive overwrites the buffer
    return false; // no more for now
  };
  const onread = { buffer: Buffer.alloc(receiveSize), callback: receive };
  const socket = await openSocket(address, { server, onread });
  socket.on('end', () => chunks.push(null));
  socket.on('error', (error) => chunks.destroy(lostError(error, address)));
  return { socket, chunks };
}
