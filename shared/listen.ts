// For servers on node:net: starts to listen, and formats a client's address.

import { once } from 'node:events';
import type { DropArgument, Server, Socket } from 'node:net';
import { type Address, formatAddress, socketAddress } from './address.js';
import { listenError } from './errors.js';

/** @returns the bound address, once clients are accepted. @throws OperationalError if it cannot listen */
export async function listen(
  server: Server,
  where: Address & { readonly backlog?: number },
): Promise<Address> {
  const { host, port, backlog } = where;
  server.listen({ host, port, backlog });
  await once(server, 'listening').catch((error: unknown) => {
    throw listenError(error, { host, port });
  });
  const bound = server.address();
  return typeof bound === 'object' ? socketAddress(bound?.address, bound?.port) : { host, port };
}

/** HOST:PORT of a client, accepted or rejected. */
export function clientAddress(client: Socket | DropArgument | undefined): string {
  return formatAddress(socketAddress(client?.remoteAddress, client?.remotePort));
}
