// Networks as people write them, 10.0.0.0/8 or fd00::/8, and who is in one of them. An IPv4 client that comes to an IPv6
// socket (::ffff:10.1.2.3) is in the same networks as it would be otherwise.

import { BlockList, isIP } from 'node:net';
import { UsageError } from '../../shared/errors.js';

interface Network {
  readonly address: string;
  /** How many bits of the address all of the network have in common. */
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** A set of networks. */
export class Networks {
  readonly #list = new BlockList();

  /** @throws UsageError when one of them is none */
  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const { address, bits, family } = parse(text, 'allow');
      this.#list.addSubnet(address, bits, family);
    }
  }

  /** Whether an address is in one of them; what is no address never is. */
  include(host: string): boolean {
    const [address = '', _interface] = host.split('%'); // fe80::1%eth0
    return this.#list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
}

/** Reads networks as yargs hands them over: one, or an array of several. Throws UsageError. */
export function networks(name: string): (value: unknown) => readonly string[] {
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
  if (version !== 0 && bits <= most) return { address, bits, family: version === 6 ? 'ipv6' : 'ipv4' };
  const got = text === '' ? 'nothing' : JSON.stringify(text);
  throw new UsageError(`${name}: expected a network such as 192.168.1.0/24 or fd00::/8, got ${got}`);
}
