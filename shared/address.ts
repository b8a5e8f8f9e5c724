// One end of a TCP connection.

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** An end as node:net tells it, which forgets both once the connection is gone. */
export function socketAddress(host = '?', port = 0): Address {
  return { host, port };
}

/** Whether only this machine reaches what listens there. */
export function isLoopback({ host }: Address): boolean {
  return host === '::1' || host.startsWith('127.');
}

/** HOST:PORT, with the brackets that RFC 3986 asks for around an IPv6 address. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
