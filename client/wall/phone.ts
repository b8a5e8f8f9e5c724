// A phone: a WebSocket whose letters go over a TCP connection of its own to the string server. It gets each answer at once, and
// once a second what it waits for.

import type { WebSocket } from 'ws';
import { describe } from '../../shared/errors.js';
import { isLetter } from '../../shared/utf8.js';
import { Bridge, type BridgeListener, type BridgeTarget } from './bridge.js';
import { LetterRate, type Rejections, safeName } from './limits.js';
import type { PhoneMessage } from './phone-message.js';
import type { Participant, Room } from './room.js';
import type { ClientState } from './wording.js';

/** Bytes of the text's end that a phone shows. */
const TAIL_BYTES = 160;
/** More than this unsent: states are left out; and the most that is kept for a phone that does not read. */
const MAX_UNSENT_BYTES = 16 * 1024;
const MAX_PENDING_BYTES = 64 * 1024;
const PING_MS = 10_000;
/** Of a WebSocket's close (RFC 6455, section 7.4.1), so that the page can say why. */
const UNSUPPORTED = 1003;
const POLICY = 1008;
const SERVER_GONE = 1011;
const TOKEN = /^[0-9a-f]{32}$/;

export interface PhoneContext extends BridgeTarget, Pick<BridgeListener, 'onExtraLine'> {
  readonly title: string;
  readonly room: Room;
  readonly rejections: Rejections;
  /** Whether joining is locked. */
  readonly locked: () => boolean;
  readonly banned: ReadonlySet<string>;
  /** Its connection to the server has ended. */
  readonly onEnd: (participant: Participant) => void;
}

export class Phone {
  readonly token: string;
  readonly #socket: WebSocket;
  readonly #context: PhoneContext;
  readonly #rate = new LetterRate();
  #participant: Participant | undefined;
  #bridge: Bridge | undefined;
  #alive = true;

  /** Joins; or closes the socket, with the reason. @returns undefined if it may not join */
  static async join(
    socket: WebSocket,
    query: URLSearchParams,
    context: PhoneContext,
  ): Promise<Phone | undefined> {
    const token = query.get('token') ?? '';
    const reject = (reason: string, code = POLICY) => {
      context.rejections.count(reason);
      socket.close(code, reason);
      return undefined;
    };
    if (!TOKEN.test(token)) return reject('a phone without a token');
    if (context.banned.has(token)) return reject('the teacher has removed you');
    if (context.locked()) return reject('joining is locked');
    const phone = new Phone(socket, token, context);
    try {
      await phone.#connect(safeName(query.get('name') ?? ''));
      return phone;
    } catch (error) {
      return reject(describe(error).slice(0, 100), SERVER_GONE);
    }
  }

  private constructor(socket: WebSocket, token: string, context: PhoneContext) {
    this.token = token;
    this.#socket = socket;
    this.#context = context;
    socket.on('message', (data, isBinary) => this.#receive(String(data), isBinary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    const pings = setInterval(() => this.#ping(), PING_MS);
    socket.on('close', () => {
      clearInterval(pings);
      this.#bridge?.end();
    });
  }

  get participant(): Participant | undefined {
    return this.#participant;
  }

  sendState(state: ClientState, waitsFor: string, headline: string): void {
    if (this.#socket.bufferedAmount > MAX_UNSENT_BYTES) return;
    const muted = this.#participant?.muted ?? false;
    const { text } = this.#context;
    const tail = text.tail(TAIL_BYTES);
    this.#send({ type: 'state', state, waitsFor, headline, muted, offset: text.length, tail });
  }

  close(reason: string): void {
    this.#socket.close(POLICY, reason);
  }

  /** The same phone has connected again: this connection is dead, or another tab. */
  replace(): void {
    this.#socket.terminate();
  }

  async #connect(name: string): Promise<void> {
    const { room, title, onExtraLine } = this.#context;
    const bridge = await Bridge.open(this.#context, {
      onExtraLine,
      onAnswer: (offset, ms) => this.#answered(offset, ms),
      onEnd: () => this.#ended(),
    });
    this.#bridge = bridge;
    const identity = room.identify(this.token, name);
    this.#participant = room.join(identity, 'phone', bridge.localPort, bridge);
    if (this.#socket.readyState !== this.#socket.OPEN) return bridge.end(); // it left meanwhile
    this.#send({ type: 'welcome', ...identity, title });
  }

  #receive(data: string, isBinary: boolean) {
    const { rejections } = this.#context;
    if (isBinary) {
      rejections.count('binary WebSocket frame');
      this.#socket.close(UNSUPPORTED, 'text frames only');
      return;
    }
    if (!isLetter(data)) return rejections.count('message that is no letter');
    const why = this.#rejection(data);
    if (why === undefined) return;
    rejections.count(why);
    this.#send({ type: 'dropped' });
  }

  /** Sends a letter, or says why not. */
  #rejection(letter: string): string | undefined {
    if (this.#participant?.muted) return 'letter of a muted client';
    if (!this.#rate.take()) return 'more than 10 letters a second';
    return this.#bridge?.send(letter) ? undefined : 'letter while 1,000 are not answered';
  }

  #answered(offset: number, ms: number): void {
    const participant = this.#participant;
    if (participant === undefined) return;
    this.#context.text.setAuthor(offset, participant.id);
    const tail = this.#context.text.tail(TAIL_BYTES, offset);
    this.#send({ type: 'answer', ms: Math.round(10 * ms) / 10, offset, tail });
  }

  #ended(): void {
    if (this.#participant !== undefined) this.#context.onEnd(this.#participant);
    this.#socket.close(SERVER_GONE, 'the server has closed the connection');
  }

  #ping() {
    if (!this.#alive) return this.#socket.terminate(); // iOS ends sockets without a word
    this.#alive = false;
    this.#socket.ping();
  }

  #send(message: PhoneMessage): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_PENDING_BYTES) {
      this.#context.rejections.count('phone that does not read');
      this.#socket.terminate();
    } else {
      this.#socket.send(JSON.stringify(message));
    }
  }
}
