// Of the soak's sections on the wall: strwall in a process of its own, phones as plain WebSocket clients, and a page that reads
// the stream of events.

import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { WallEvent } from '../../client/wall/wall-event.js';
import { ended, Program } from '../support/program.js';
import type { Address } from '../support/servers.js';

export interface RunningWall {
  readonly http: Address;
  /** Only of strsvr, which says where it listens. */
  readonly server: () => Promise<Address>;
  readonly pid: number;
  /** Ends it. @returns what it has printed on stderr */
  readonly stop: () => Promise<string>;
}

/** @param options of strwall. @param command of its server */
export async function withWall<T>(
  options: readonly string[],
  command: readonly string[],
  use: (wall: RunningWall) => Promise<T>,
): Promise<T> {
  const wall = new Program('client/wall/strwall.js', ['--http', '127.0.0.1:0', ...options, '--', ...command]);
  const stop = async () => {
    wall.child.kill('SIGTERM');
    return (await ended(wall)).stderr;
  };
  try {
    const [, http] = await wall.waitFor('stdout', /the wall +http:\/\/127\.0\.0\.1:(\d+)/);
    const at = (port: string | undefined) => ({ host: '127.0.0.1', port: Number(port) });
    const server = async () => at((await wall.waitFor('stderr', /listening on 127\.0\.0\.1:(\d+)/))[1]);
    return await use({ http: at(http), server, pid: wall.child.pid ?? 0, stop });
  } finally {
    await stop();
  }
}

/** Of a phone with this number. */
export function webSocket({ port }: Address, number: number): WebSocket {
  const token = String(number).padStart(32, '0');
  const origin = `http://127.0.0.1:${port}`;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?name=phone${number}&token=${token}`, { origin });
  return socket.on('error', () => {}); // the wall may reject or end it
}

export class Phone {
  /** Milliseconds from a letter to its answer on its own socket. */
  readonly latencies: number[] = [];
  readonly socket: WebSocket;
  sent = 0;
  /** When each unanswered letter was sent. */
  readonly #sentAt: number[] = [];
  #answered = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      if (JSON.parse(String(data)).type !== 'answer') return;
      const now = performance.now();
      this.latencies.push(now - (this.#sentAt.shift() ?? now));
      this.#answered();
    });
  }

  /** Rejects if it may not join. */
  static async join(http: Address, number: number): Promise<Phone> {
    const phone = new Phone(webSocket(http, number));
    await once(phone.socket, 'message'); // welcome
    return phone;
  }

  send(): void {
    this.#sentAt.push(performance.now());
    this.sent += 1;
    this.socket.send('x');
  }

  /** Sends a letter and resolves when it is answered. */
  async roundTrip(): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
    this.send();
    await answered;
  }

  /** One letter that is not measured: the first one waits until the server has accepted the client, and for its thread. */
  async warmUp(): Promise<void> {
    await this.roundTrip();
    this.latencies.length = 0;
    this.sent = 0;
  }
}

export interface Page {
  /** When each number of letters was seen. */
  readonly seenAt: readonly number[];
  /** Why the last verdict is as it is. */
  readonly why: () => string;
  readonly close: () => void;
}

export async function watch({ port }: Address): Promise<Page> {
  const call = get({ host: '127.0.0.1', port, path: '/events', agent: false });
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const seenAt: number[] = [];
  let rest = '';
  let why = '';
  response.on('data', (chunk) => {
    const frames = `${rest}${chunk}`.split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const event: WallEvent | undefined = /^data: /m.test(frame)
        ? JSON.parse(frame.slice(frame.indexOf('data: ') + 6))
        : undefined;
      if (event?.type === 'verdict') why = event.verdict.why;
      if (event?.type !== 'text') continue;
      while (seenAt.length < event.offset) seenAt.push(performance.now());
    }
  });
  response.on('error', () => {});
  return { seenAt, why: () => why, close: () => call.destroy() };
}
