// One client's TCP connection to the string server: letters out, replies in. It keeps no reply: a reply is the text, so only
// what is new goes into the shared text, and the reply's length says which letter it answers. On the LF wire a reply is a
// line. On the raw wire one letter is sent at a time; its reply ends in that letter, when nothing more arrives for a while.

import type { Socket } from 'node:net';
import type { Address } from '../../shared/address.js';
import { LF } from '../../shared/utf8.js';
import { openSocket } from '../socket.js';
import type { SharedText } from './shared-text.js';

/** Letters on their way; while a server does not read, more would only fill the memory. */
const MAX_UNANSWERED = 1_000;
/** As strclnt's. */
const RAW_QUIET_MS = 20;
const MAX_LETTER_BYTES = 4;
/** All bridges receive into it, one after the other: a buffer for each reply would be garbage as large as the text. */
const received = Buffer.allocUnsafeSlow(65_536);

export interface BridgeTarget {
  readonly server: Address;
  /** Letters are sent without line feeds: for servers that store them. */
  readonly raw: boolean;
  readonly text: SharedText;
}

export interface BridgeListener {
  /** The letter is in the text and ends at this offset; it took so long. */
  readonly onAnswer: (offset: number, ms: number) => void;
  /** The server has closed the connection, or it broke. */
  readonly onEnd: () => void;
  /** A line for which no letter was sent: the server may store line feeds. */
  readonly onExtraLine: () => void;
}

export class Bridge {
  readonly localPort: number;
  readonly #socket: Socket;
  readonly #text: SharedText;
  readonly #raw: boolean;
  readonly #listener: BridgeListener;
  /** The unanswered letters, and when each was typed. On the raw wire only the first is on its way. */
  readonly #pending: Array<{ readonly letter: string; readonly at: number }> = [];
  /** How much of the current reply has come. */
  #position = 0;
  /** Its last bytes: a letter may be cut by two receives. */
  #tail = Buffer.alloc(0);
  #quiet: NodeJS.Timeout | undefined;

  /** @throws OperationalError if there is no server */
  static async open(target: BridgeTarget, listener: BridgeListener): Promise<Bridge> {
    let receive: (chunk: Buffer) => void;
    const callback = (bytes: number) => {
      receive(received.subarray(0, bytes));
      return true;
    };
    const onread = { buffer: received, callback };
    const socket = await openSocket(target.server, { server: 'strsvr', onread });
    const bridge = new Bridge(socket, target, listener);
    receive = (chunk) => (target.raw ? bridge.#receiveRaw(chunk) : bridge.#receiveLines(chunk));
    return bridge;
  }

  private constructor(socket: Socket, { text, raw }: BridgeTarget, listener: BridgeListener) {
    this.localPort = socket.localPort ?? 0;
    this.#socket = socket;
    this.#text = text;
    this.#raw = raw;
    this.#listener = listener;
    socket.on('close', () => {
      clearTimeout(this.#quiet);
      listener.onEnd();
    });
  }

  get unanswered(): number {
    return this.#pending.length;
  }

  /** How long the first unanswered letter has waited, in milliseconds. */
  unansweredMs(now: number): number {
    const [first] = this.#pending;
    return first === undefined ? 0 : now - first.at;
  }

  /** @param letter not a control character. @returns false if too many letters are unanswered */
  send(letter: string): boolean {
    if (this.#pending.length >= MAX_UNANSWERED) return false;
    this.#pending.push({ letter, at: performance.now() });
    if (!this.#raw) this.#socket.write(`${letter}\n`);
    else if (this.#pending.length === 1) this.#socket.write(letter);
    return true;
  }

  /** Ends the stream, as a client does that leaves; the server may be too busy to notice. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receiveLines(chunk: Buffer): void {
    for (let start = 0; start < chunk.length; ) {
      const lineEnd = chunk.indexOf(LF, start);
      const end = lineEnd < 0 ? chunk.length : lineEnd;
      this.#learn(chunk.subarray(start, end));
      if (lineEnd < 0) return;
      this.#replyEnded(performance.now());
      start = lineEnd + 1;
    }
  }

  #receiveRaw(chunk: Buffer): void {
    clearTimeout(this.#quiet);
    this.#learn(chunk);
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-MAX_LETTER_BYTES)]).subarray(-MAX_LETTER_BYTES);
    const [first] = this.#pending;
    if (first === undefined || !this.#tail.toString().endsWith(first.letter)) return;
    const now = performance.now();
    this.#quiet = setTimeout(() => {
      this.#replyEnded(now);
      const [next] = this.#pending;
      if (next !== undefined) this.#socket.write(next.letter);
    }, RAW_QUIET_MS);
  }

  #learn(bytes: Buffer): void {
    this.#text.learn(this.#position, bytes);
    this.#position += bytes.length;
  }

  #replyEnded(at: number): void {
    const sent = this.#pending.shift();
    if (sent === undefined) this.#listener.onExtraLine();
    else this.#listener.onAnswer(this.#position, at - sent.at);
    this.#position = 0;
  }
}
