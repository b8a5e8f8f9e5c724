// A TCP client without a protocol: it sends literal bytes and returns the bytes that it receives.

import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import type { Address } from './servers.js';

export class ByteClient {
  readonly socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #arrived: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  static async connect({ host, port }: Address): Promise<ByteClient> {
    const socket = createConnection({ host, port, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    socket.on('error', () => {});
    return new ByteClient(socket);
  }

  /** Sends text as UTF-8, or literal bytes. */
  send(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Resolves to exactly `length` bytes; rejects if the stream ends before. */
  async receive(length: number): Promise<Buffer> {
    while (this.#arrived.length < length) {
      const { value, done } = await this.#chunks.next();
      if (done)
        throw new Error(`expected ${length} bytes, got ${this.#arrived.length} and the end of the stream`);
      this.#arrived = Buffer.concat([this.#arrived, value]);
    }
    const received = this.#arrived.subarray(0, length);
    this.#arrived = this.#arrived.subarray(length);
    return received;
  }

  /** Resolves to the next bytes, at least one; rejects at the end of the stream. */
  async receiveSome(): Promise<Buffer> {
    const received = this.#arrived;
    this.#arrived = Buffer.alloc(0);
    if (received.length > 0) return received;
    const { value, done } = await this.#chunks.next();
    if (done) throw new Error('expected more, got the end of the stream');
    return value;
  }

  /** Resolves to everything up to the end of the stream. */
  async receiveAll(): Promise<Buffer> {
    const parts: Buffer[] = [this.#arrived];
    for (;;) {
      const { value, done } = await this.#chunks.next();
      if (done) return Buffer.concat(parts);
      parts.push(value);
    }
  }

  /** Half-closes the connection and resolves to everything up to the end of the stream. */
  async endAndReceive(): Promise<Buffer> {
    this.socket.end();
    return this.receiveAll();
  }

  close(): void {
    this.socket.destroy();
  }
}
