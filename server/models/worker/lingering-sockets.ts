// Sockets that an I/O thread is done with and that must not be closed at once: from here on the event loop of the main
// thread reads and discards their input, as limits/lingering-close.ts explains.

import { Socket } from 'node:net';
import { closeLingering } from '../../limits/lingering-close.js';

export class LingeringSockets {
  readonly #sockets = new Set<Socket>();
  readonly #stallTimeoutMs: number;
  readonly #onClose: () => void;

  /** @param onClose called each time that one has been closed */
  constructor(stallTimeoutMs: number, onClose: () => void) {
    this.#stallTimeoutMs = stallTimeoutMs;
    this.#onClose = onClose;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Takes over the descriptor. */
  add(fd: number, reason: 'full' | 'stopped'): void {
    const socket = new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
    this.#sockets.add(socket);
    socket.on('error', () => {}); // it is being closed anyway
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#onClose();
    });
    closeLingering(socket, reason, this.#stallTimeoutMs);
  }

  /** Closes all of them now. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
