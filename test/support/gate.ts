// A TCP proxy whose gate can be shut: connections stay open, and nothing gets through, as in a partitioned network.

import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { Address } from './servers.js';

export class Gate {
  readonly address: Address;
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  #shut = false;

  static async to(target: Address): Promise<Gate> {
    const listener = createServer({ noDelay: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new Gate(target, listener);
  }

  private constructor(target: Address, listener: Server) {
    this.#listener = listener;
    this.address = { host: '127.0.0.1', port: (listener.address() as { port: number }).port };
    listener.on('connection', (near) => {
      const far = createConnection({ ...target, noDelay: true });
      this.#carry(near, far);
      this.#carry(far, near);
    });
  }

  /** Lets nothing through. */
  shut(): void {
    this.#shut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Resets what was connected meanwhile, and lets everything through again. */
  open(): void {
    this.#shut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('error', () => {});
    from.on('data', (bytes) => to.write(bytes));
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#shut) from.pause();
  }
}
