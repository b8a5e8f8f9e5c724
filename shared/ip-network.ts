// IP networks as people write them: 10.0.0.0/8, fd00::/8, or one address. An IPv4-mapped network, ::ffff:10.0.0.0/104, is the
// IPv4 network 10.0.0.0/8.

import { isIP, SocketAddress } from 'node:net';
import { unmapped } from './address.js';
import { UsageError } from './errors.js';

/** The length of the prefix of IPv4-mapped IPv6 addresses, in bits. */
const MAPPED_BITS = 96;

export interface IpNetwork {
  readonly address: string;
  /** The length of the prefix that all its addresses share. */
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Reads networks as yargs passes them: one, or an array. Throws UsageError. */
export function parseNetworks(name: string): (value: unknown) => readonly string[] {
  return (value) => {
    const texts = [value].flat().map(String);
    for (const text of texts) parseNetwork(text, name);
    return texts;
  };
}

/**
 * @param name of the option, for the error
 * @throws UsageError with what was expected and what was given
 */
export function parseNetwork(text: string, name: string): IpNetwork {
  const [, address = '', prefix] = /^([^/%]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  const bits = Number(prefix ?? most); // an address alone is a network of one
  if (version === 4 && bits <= most) return { address, bits, family: 'ipv4' };
  if (version === 6 && bits <= most) return ipv6Network(address, bits);
  const got = text === '' ? 'nothing' : JSON.stringify(text);
  throw new UsageError(`${name}: expected a network such as 192.168.1.0/24 or fd00::/8, got ${got}`);
}

function ipv6Network(text: string, bits: number): IpNetwork {
  const { address } = new SocketAddress({ address: text, family: 'ipv6' }); // the canonical form
  const mapped = unmapped(address);
  if (mapped === address || bits < MAPPED_BITS) return { address, bits, family: 'ipv6' };
  return { address: mapped, bits: bits - MAPPED_BITS, family: 'ipv4' };
}
