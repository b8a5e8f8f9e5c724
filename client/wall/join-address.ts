// Under which names the wall is reached: what phones type, as text and as a QR code, and the names that it answers to.

import { networkInterfaces } from 'node:os';
import { renderSVG, renderUnicodeCompact } from 'uqr';
import { type Address, formatAddress, isLoopback } from '../../shared/address.js';

const HTTP_PORT = 80;

export interface JoinAddress {
  readonly url: string;
  /** Of the network interface; undefined for a name. */
  readonly interface?: string;
}

/** What others may type, the best first: a name, then each interface; without either, this machine alone. */
export function joinAddresses({ host, port }: Address, names: readonly string[]): readonly JoinAddress[] {
  const everywhere = host === '0.0.0.0' || host === '::';
  const found = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ internal, family, address }) =>
        everywhere ? !internal && family === 'IPv4' : address === host,
      )
      .map(({ address }) => ({ url: urlOf(address, port), interface: name })),
  );
  const named = names.map((name) => ({ url: urlOf(name, port) }));
  const all = [...named, ...found];
  return all.length > 0 ? all : [{ url: urlOf(everywhere ? '127.0.0.1' : host, port) }];
}

/** The values of the Host header that are answered, in lower case. */
export function allowedHosts({ host, port }: Address, names: readonly string[]): ReadonlySet<string> {
  const everywhere = host === '0.0.0.0' || host === '::';
  const addresses = everywhere
    ? Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address))
    : [host];
  const local = everywhere || isLoopback({ host, port }) ? ['localhost'] : [];
  return new Set(
    [...addresses, ...local, ...names].flatMap((name) => {
      const bare = name.includes(':') ? `[${name}]` : name.toLowerCase();
      // A name may be that of a proxy with another port.
      return port === HTTP_PORT || names.includes(name) ? [bare, `${bare}:${port}`] : [`${bare}:${port}`];
    }),
  );
}

export function qrInTerminal(url: string): string {
  return renderUnicodeCompact(url, { border: 2 });
}

export function qrAsSvg(url: string): string {
  return renderSVG(url, { border: 2 });
}

function urlOf(host: string, port: number): string {
  const authority =
    port === HTTP_PORT ? formatAddress({ host, port }).replace(/:80$/, '') : formatAddress({ host, port });
  return `http://${authority}/join`;
}
