// node:net's way of listening, as a promise.

import type { ListenOptions, Server } from 'node:net';
import type { Address } from '../../shared/address.js';

/** Resolves to the bound address once clients are accepted; rejects with a system error. */
export function listening(listener: Server, options: ListenOptions): Promise<Address> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(options, () => {
      const bound = listener.address();
      if (bound !== null && typeof bound === 'object') resolve({ host: bound.address, port: bound.port });
    });
  });
}
