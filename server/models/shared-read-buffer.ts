// Accepted sockets read into one shared buffer, as node:net offers to client sockets with `onread`.
//
// This is the one place that uses internals of Node.js, by a feature test; where they are missing, sockets emit 'data',
// and the whole wire suite passes without them too. The reason: for each 'data' event libuv allocates 64 KiB, which
// costs about 12 % of the CPU time of a letter (100 clients, Node.js 20).

import type { Socket } from 'node:net';

/** The symbols in which node:net keeps what `onread` sets, by their descriptions. */
const BUFFER = 'kBuffer';
const CALLBACK = 'kBufferCb';

/**
 * Starts to read.
 * @param buffer may be shared by all sockets
 * @param receive is called with a chunk and how many of its bytes are input, which are valid until it returns
 */
export function readInto(
  buffer: Buffer,
  socket: Socket,
  receive: (chunk: Uint8Array, length: number) => void,
): void {
  const symbols = Object.getOwnPropertySymbols(socket);
  const bufferSymbol = symbols.find(({ description }) => description === BUFFER);
  const callbackSymbol = symbols.find(({ description }) => description === CALLBACK);
  const handle: unknown = Reflect.get(socket, '_handle');
  const secure = 'encrypted' in socket; // its handle would not stop at a pause
  if (secure || bufferSymbol === undefined || callbackSymbol === undefined || !canUseBuffer(handle)) {
    socket.on('data', (chunk: Buffer) => receive(chunk, chunk.length));
    return;
  }
  Reflect.set(socket, bufferSymbol, buffer);
  Reflect.set(socket, callbackSymbol, (length: number) => {
    receive(buffer, length);
    return true; // read on, unless the socket was paused
  });
  handle.useUserBuffer(buffer);
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
