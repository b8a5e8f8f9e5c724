// A socket that is connected to its server, or one line that says why there is none; and recv(): what comes from a
// socket, a receive at a time.

import { once } from 'node:events';
import { createConnection, type OnReadOpts, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type Address, formatAddress } from '../shared/address.js';
import { connectError, lostError, OperationalError } from '../shared/errors.js';

/** A server that does not answer the connect for so long is not there. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How much one receive may return, in bytes. */
const RECEIVE_SIZE = 65_536;

export interface SocketOptions {
  /** The command that starts such a server, for whoever forgot to. */
  readonly server: string;
  readonly timeoutMs?: number | undefined;
  /** Where to put what is received, in place of 'data' events. */
  readonly onread?: OnReadOpts;
}

/** @throws OperationalError when there is no server or it does not answer the connect */
export async function openSocket(address: Address, options: SocketOptions): Promise<Socket> {
  const { server, timeoutMs = CONNECT_TIMEOUT_MS, ...how } = options;
  const socket = createConnection({ host: address.host, port: address.port, noDelay: true, ...how });
  socket.on('error', () => {}); // whoever waits for something is told
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    return socket;
  } catch (error) {
    socket.destroy();
    if (!(error instanceof Error) || error.name !== 'AbortError') throw connectError(error, address, server);
    const where = formatAddress(address);
    throw new OperationalError('ETIMEDOUT', `${where} did not answer for ${timeoutMs / 1000} s`, error);
  }
}

/**
 * Opens a socket that is received from only when somebody asks for the next chunk: each is what one receive returned,
 * at most so many bytes. They end when the server closes; when the connection breaks they throw an OperationalError.
 * Whoever leaves them before, closes the socket.
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
    chunks.push(Buffer.from(buffer.subarray(0, bytes))); // copied, for the next receive overwrites it
    return false; // no more for now
  };
  const onread = { buffer: Buffer.alloc(receiveSize), callback: receive };
  const socket = await openSocket(address, { server, onread });
  socket.on('end', () => chunks.push(null));
  socket.on('error', (error) => chunks.destroy(lostError(error, address)));
  return { socket, chunks };
}
