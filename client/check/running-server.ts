// A server that runs already. It is not ours to end.

import type { Address } from '../../shared/address.js';
import { findListener } from '../../shared/proc-sockets.js';
import { allProcesses } from '../../shared/process-tree.js';
import { CheckedServer } from './checked-server.js';

export class RunningServer extends CheckedServer {
  readonly address: Address;
  readonly ended = undefined;
  readonly output = '';
  readonly listener: number | undefined;

  constructor(address: Address) {
    super();
    this.address = address;
    this.listener = findListener(address.port, allProcesses());
    this.watch();
  }

  override pids(): readonly number[] {
    return this.listener === undefined ? [] : [this.listener];
  }

  override async stop(): Promise<void> {
    this.unwatch();
  }
}
