// All calls under one name, until every caller imports sockets.ts or load-calls.ts by itself.

import { bindings } from './bindings.js';
import * as load from './load-calls.js';
import * as sockets from './sockets.js';
import * as tcpInfo from './tcp-info.js';

export type { ConnectOptions } from './load-calls.js';
export * from './sockets.js';

const ALL = { ...sockets, ...load, ...tcpInfo };

export function libc(): typeof ALL {
  bindings(); // throws where they cannot be had
  return ALL;
}
