// Loaded before a server, or by a test: disables the shared read buffer (server/models/shared-read-buffer.ts), as in a
// Node.js without that feature. Sockets then read ahead, and see the end of a stream before all replies are sent.

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

/** Enables it again. */
export function restore(): void {
  Reflect.set(prototype, 'useUserBuffer', useUserBuffer);
}
