// Which Host headers are answered. A page of another site can make a browser send requests to this port by resolving the
// site's own name to its address (DNS rebinding), but then Host has that name. Addresses cannot be rebound.

import { isIP } from 'node:net';

/**
 * @param header with or without a port; undefined in HTTP/1.0, which browsers do not speak
 * @param names in lower case, beside localhost
 */
export function isHostAllowed(header: string | undefined, names: readonly string[]): boolean {
  if (header === undefined) return true;
  const host = header
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
  return isIP(host) !== 0 || host === 'localhost' || names.includes(host);
}
