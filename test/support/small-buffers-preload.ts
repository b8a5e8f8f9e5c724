// Loaded before a server, or by a test: as if this Node.js had no such thing as a buffer to read into (server/models/shared-read-buffer.ts).
// Sockets then read ahead of what has been answered, and hear of the end of a stream before all replies are out.

import { once } from 'node:events';
import { createServer } from 'node:net';

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
let prototype: object = Reflect.get(server, '_handle');
while (!Object.hasOwn(prototype, 'useUserBuffer') && Object.getPrototypeOf(prototype) !== Object.prototype) {
  prototype = Object.getPrototypeOf(prototype);
}
server.close();
const useUserBuffer: unknown = Reflect.get(prototype, 'useUserBuffer');
if (typeof useUserBuffer !== 'function') throw new Error('this Node.js has no useUserBuffer');
Reflect.set(prototype, 'useUserBuffer', undefined);

/** Brings it back. */
export function restore(): void {
  Reflect.set(prototype, 'useUserBuffer', useUserBuffer);
}
