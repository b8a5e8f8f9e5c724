// Which addresses are admitted. A client that connects by IPv4 is in IPv4 networks only, also when it connects to an IPv6
// socket and appears as ::ffff:10.1.2.3: ::/0 means every IPv6 client, 0.0.0.0/0 every IPv4 client.

import { BlockList, isIP } from 'node:net';
import { unmapped } from '../../shared/address.js';
import { parseNetwork } from '../../shared/ip-network.js';

export class IpAllowList {
  /** One list for each family: a single BlockList would take ::/0 for every IPv4 address as well. */
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() } as const;

  /** @throws UsageError when a text is not a network */
  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const { address, bits, family } = parseNetwork(text, 'allow');
      this.#lists[family].addSubnet(address, bits, family);
    }
  }

  /** Whether an address is in one of the networks; a text that is no address never is. */
  include(host: string): boolean {
    const address = unmapped(host);
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return this.#lists[family].check(address, family);
  }
}
