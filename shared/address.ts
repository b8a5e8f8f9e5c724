// One end of a TCP connection.

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One end of a socket of node:net, which has neither host nor port once the connection is closed. */
export function socketAddress(host = '?', port = 0): Address {
  return { host, port };
}

/**
 * The address alone: without its interface (fe80::1%eth0), and an IPv4 address as IPv4 where an IPv6 socket shows it as
 * ::ffff:10.1.2.3 (IPv4-mapped, RFC 4291 section 2.5.5.2).
 */
export function unmapped(host: string): string {
  return host.replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/, '');
}

/** Whether only this machine reaches what listens there. */
export function isLoopback({ host }: Address): boolean {
  const address = unmapped(host);
  return address === '::1' || address.startsWith('127.');
}

/** HOST:PORT, with the brackets that RFC 3986 asks for around an IPv6 address. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
