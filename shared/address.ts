// Addresses of TCP sockets: their type, and how they are written.

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One end of a socket of node:net, which has neither host nor port once the connection is closed. */
export function socketAddress(host = '?', port = 0): Address {
  return { host, port };
}

/**
 * The address without its zone (fe80::1%eth0), and an IPv4-mapped IPv6 address (::ffff:10.1.2.3, RFC 4291 section 2.5.5.2)
 * as IPv4.
 */
export function unmapped(host: string): string {
  return host.replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/, '');
}

/** Whether only this machine can reach a server on this address. */
export function isLoopback({ host }: Address): boolean {
  const address = unmapped(host);
  return address === '::1' || address.startsWith('127.');
}

/** HOST:PORT, with an IPv6 address in brackets (RFC 3986). */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
