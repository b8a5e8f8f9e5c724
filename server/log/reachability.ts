// What is recorded when a server listens on more than the loopback interface: a warning, and for each interface the
// address that clients on other machines use.

import { networkInterfaces } from 'node:os';
import { type Address, isLoopback } from '../../shared/address.js';
import type { Log } from './log.js';

export function recordReachability({ host, port }: Address, log: Log): void {
  if (isLoopback({ host, port })) return;
  const message = `any client that reaches port ${port} can read the text and append to it`;
  log.record({ type: 'warning', message });
  const everyInterface = host === '0.0.0.0' || host === '::';
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { address, family, internal, mac } of addresses ?? []) {
      if (internal || (everyInterface ? family !== 'IPv4' : address !== host)) continue;
      log.record({ type: 'reachable', address: { host: address, port }, interface: name, mac });
    }
  }
}
