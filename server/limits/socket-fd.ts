// The file descriptor of a socket of node:net, which has no public name for it.

import type { Socket } from 'node:net';

/** undefined when the socket is closed, or where Node.js does not show it (Windows). */
export function socketFd(socket: Socket): number | undefined {
  const fd: unknown = Reflect.get(Reflect.get(socket, '_handle') ?? {}, 'fd');
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}
