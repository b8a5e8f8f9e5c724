// Where an accepted socket's bytes go: into one buffer that all sockets share, as node:net offers with `onread`, but for
// sockets of clients alone. So it is switched on here the way net.Socket does it for them. Each 'data' event would cost
// a buffer of 64 KiB of its own. Where Node.js has changed too much for that, 'data' it is.

import type { Socket } from 'node:net';
import { receiveBytes } from '../limits/limits.js';

/** What node:net keeps an `onread` in, by the names of its symbols. */
const BUFFER = 'kBuffer';
const CALLBACK = 'kBufferCb';

/** What one receive may bring; of a socket that fills it, more is likely to wait. */
export const RECEIVE_BYTES = receiveBytes('events');

const sharedBuffer = Buffer.alloc(RECEIVE_BYTES);

/** Hands over what comes, which the next chunk will overwrite. Begins to read. */
export function readIntoSharedBuffer(socket: Socket, receive: (chunk: Uint8Array) => void): void {
  const symbols = Object.getOwnPropertySymbols(socket);
  const buffer = symbols.find(({ description }) => description === BUFFER);
  const callback = symbols.find(({ description }) => description === CALLBACK);
  const handle: unknown = Reflect.get(socket, '_handle');
  if (buffer === undefined || callback === undefined || !canUseBuffer(handle)) {
    socket.on('data', receive);
    return;
  }
  Reflect.set(socket, buffer, sharedBuffer);
  Reflect.set(socket, callback, (length: number) => {
    receive(sharedBuffer.subarray(0, length));
    return true; // go on reading, unless it was paused
  });
  handle.useUserBuffer(sharedBuffer);
  socket.resume();
}

function canUseBuffer(handle: unknown): handle is { useUserBuffer(buffer: Uint8Array): void } {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'useUserBuffer' in handle &&
    typeof handle.useUserBuffer === 'function'
  );
}
