// Networks as people write them, 10.0.0.0/8 or fd00::/8, and who is in one of them. A client that comes by IPv4 is in IPv4
// networks alone, also where it comes to an IPv6 socket and is seen as ::ffff:10.1.2.3: ::/0 is every IPv6 client and no
// other, 0.0.0.0/0 every IPv4 client. A network that is written as IPv4-mapped, ::ffff:10.0.0.0/104, is 10.0.0.0/8.

import { BlockList, isIP, SocketAddress } from 'node:net';
import { unmapped } from '../../shared/address.js';
import { UsageError } from '../../shared/errors.js';

/** An IPv4-mapped network has so many bits before those of the IPv4 address. */
const MAPPED_BITS = 96;

interface Network {
  readonly address: string;
  /** How many bits of the address all of the network have in common. */
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** A set of networks. */
export class IpAllowList {
  /** A BlockList by itself takes ::/0 for every IPv4 address as well. */
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() } as const;

  /** @throws UsageError when one of them is none */
  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const { address, bits, family } = parse(text, 'allow');
      this.#lists[family].addSubnet(address, bits, family);
    }
  }

  /** Whether an address is in one of them; what is no address never is. */
  include(host: string): boolean {
    const address = unmapped(host);
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return this.#lists[family].check(address, family);
  }
}

/** Reads networks as yargs hands them over: one, or an array of several. Throws UsageError. */
export function parseNetworks(name: string): (value: unknown) => readonly string[] {
  return (value) => {
    const texts = [value].flat().map(String);
    for (const text of texts) parse(text, name);
    return texts;
  };
}

/** @throws UsageError that says expected and got */
function parse(text: string, name: string): Network {
  const [, address = '', prefix] = /^([^/%]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  const bits = Number(prefix ?? most); // an address alone is a network of one
  if (version === 4 && bits <= most) return { address, bits, family: 'ipv4' };
  if (version === 6 && bits <= most) return ipv6Network(address, bits);
  const got = text === '' ? 'nothing' : JSON.stringify(text);
  throw new UsageError(`${name}: expected a network such as 192.168.1.0/24 or fd00::/8, got ${got}`);
}

function ipv6Network(text: string, bits: number): Network {
  const { address } = new SocketAddress({ address: text, family: 'ipv6' }); // in the one way that the system writes it
  const mapped = unmapped(address);
  if (mapped === address || bits < MAPPED_BITS) return { address, bits, family: 'ipv6' };
  return { address: mapped, bits: bits - MAPPED_BITS, family: 'ipv4' };
}
