// For servers on node:net: starts to listen, and formats a client's address.

import { once } from 'node:events';
import type { DropArgument, Server, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Address, formatAddress, socketAddress } from './address.js';
import { listenError } from './errors.js';

/** @returns the bound address, once clients are accepted. @throws OperationalError if it cannot listen */
export async function listen(
  server: Server,
  where: Address & { readonly backlog?: number; readonly listenFd?: number | undefined },
): Promise<Address> {
  const { host, port, backlog, listenFd } = where;
  if (!zoneExists(host))
    throw listenError(Object.assign(new Error('no such interface'), { code: 'ENODEV' }), where);
  server.listen(listenFd === undefined ? { host, port, backlog } : { fd: listenFd });
  await once(server, 'listening').catch((error: unknown) => {
    throw listenError(error, { host, port });
  });
  const bound = server.address();
  return typeof bound === 'object' ? socketAddress(bound?.address, bound?.port) : { host, port };
}

/** libuv ignores the zone of an IPv6 address (::1%eth0) if there is no such interface. */
function zoneExists(host: string): boolean {
  const [, zone] = host.split('%');
  return zone === undefined || /^\d+$/.test(zone) || Object.hasOwn(networkInterfaces(), zone);
}

/** HOST:PORT of a client, accepted or rejected. */
export function clientAddress(client: Socket | DropArgument | undefined): string {
  return formatAddress(socketAddress(client?.remoteAddress, client?.remotePort));
}
