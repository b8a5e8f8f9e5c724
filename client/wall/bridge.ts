// One client's TCP connection to the string server, on the LF wire: letters out, replies in. It keeps no reply: a reply is the
// text, so only what is new goes into the shared text, and the reply's length says which letter it answers.

import type { Socket } from 'node:net';
import type { Address } from '../../shared/address.js';
import { LF } from '../../shared/utf8.js';
import { openSocket } from '../socket.js';
import type { SharedText } from './shared-text.js';

/** Letters on their way; while a server does not read, more would only fill the memory. */
const MAX_UNANSWERED = 1_000;

export interface BridgeListener {
  /** The letter is in the text and ends at this offset; it took so long. */
  readonly onAnswer: (offset: number, ms: number) => void;
  /** The server has closed the connection, or it broke. */
  readonly onEnd: () => void;
}

export class Bridge {
  readonly localPort: number;
  readonly #socket: Socket;
  readonly #text: SharedText;
  readonly #listener: BridgeListener;
  /** When each unanswered letter was sent. */
  readonly #sent: number[] = [];
  /** How much of the current reply has come. */
  #position = 0;

  /** @throws OperationalError if there is no server */
  static async open(server: Address, text: SharedText, listener: BridgeListener): Promise<Bridge> {
    return new Bridge(await openSocket(server, { server: 'strsvr' }), text, listener);
  }

  private constructor(socket: Socket, text: SharedText, listener: BridgeListener) {
    this.localPort = socket.localPort ?? 0;
    this.#socket = socket;
    this.#text = text;
    this.#listener = listener;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('close', () => listener.onEnd());
  }

  get unanswered(): number {
    return this.#sent.length;
  }

  /** How long the first unanswered letter has waited, in milliseconds. */
  unansweredMs(now: number): number {
    const [first] = this.#sent;
    return first === undefined ? 0 : now - first;
  }

  /** @param letter not a control character. @returns false if too many letters are unanswered */
  send(letter: string): boolean {
    if (this.#sent.length >= MAX_UNANSWERED) return false;
    this.#sent.push(performance.now());
    this.#socket.write(`${letter}\n`);
    return true;
  }

  /** Ends the stream, as a client does that leaves; the server may be too busy to notice. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    for (let start = 0; start < chunk.length; ) {
      const lineEnd = chunk.indexOf(LF, start);
      const end = lineEnd < 0 ? chunk.length : lineEnd;
      this.#text.learn(this.#position, chunk.subarray(start, end));
      this.#position += end - start;
      if (lineEnd < 0) return;
      this.#answered(this.#position);
      this.#position = 0;
      start = lineEnd + 1;
    }
  }

  #answered(offset: number): void {
    const sent = this.#sent.shift();
    if (sent !== undefined) this.#listener.onAnswer(offset, performance.now() - sent);
  }
}
