// Replays the tutorial's session with a real server and two real clients, each in a terminal of its own. It waits for
// what the screens show and never for a time: pauses are for people, and so for whoever takes the frames.

import { built } from '../support.js';
import { Terminal } from '../terminal.js';
import type { Pane } from './panes.js';
import { type ClientNumber, FINAL_VALUE, type Frame, PROMPT, TRANSCRIPT, type Turn } from './transcript.js';

/** Wide enough for every line of the server's story. */
const COLUMNS = 100;

/**
 * Plays the session, and resolves to its last frame. The programs have ended when it settles.
 * @param onFrame is awaited after each keystroke; when it rejects, the session is broken off and this rejects too
 * @throws Error that shows the screen which did not become as it should
 */
export async function replay(onFrame: (frame: Frame) => Promise<void>): Promise<Frame> {
  const session = new Session();
  try {
    await session.startServer();
    await onFrame(session.frame());
    for (const client of [1, 2] as const) {
      await session.startClient(client);
      await onFrame(session.frame(client));
    }
    for (const turn of TRANSCRIPT) {
      if (turn.letter !== '') {
        await session.typeLetter(turn);
        await onFrame(session.frame(turn.client));
      }
      await session.pressEnter(turn);
      await onFrame(session.frame(turn.client));
    }
    await session.end();
    await onFrame(session.frame());
    return session.frame();
  } finally {
    await session.close();
  }
}

class Session {
  readonly #clients = { 1: new Player('client 1', 'strclnt'), 2: new Player('client 2', 'strclnt') };
  readonly #server = new Player('server', 'strsvr');
  #port = '';
  /** Replies that the server has written to both clients. */
  #replies = 0;

  /** @param active the client whose turn it is */
  frame(active?: ClientNumber): Frame {
    return [this.#clients[1].pane(active === 1), this.#clients[2].pane(active === 2), this.#server.pane()];
  }

  async startServer(): Promise<void> {
    this.#server.start('server/strsvr.js', ['0', '--clients', '2', '--show']);
    await this.#server.shows('where it listens', (lines) => {
      this.#port = /^listening on .*:(\d+) /.exec(lines[0] ?? '')?.[1] ?? '';
      return this.#port !== '';
    });
  }

  async startClient(client: ClientNumber): Promise<void> {
    this.#clients[client].start('client/strclnt.js', [this.#port]);
    await this.#clients[client].shows('its prompt', (lines) => lines.at(-1) === PROMPT);
    await this.#server.shows(`client ${client}`, some(`client ${client} is at `));
  }

  async typeLetter({ client, letter }: Turn): Promise<void> {
    this.#clients[client].type(letter);
    await this.#clients[client].shows(`the letter ${letter}`, (lines) => lines.at(-1) === PROMPT + letter);
  }

  /** Sends the letter and waits for a reply, whatever it says; or, without a letter, leaves. */
  async pressEnter({ client, reply }: Turn): Promise<void> {
    const player = this.#clients[client];
    const wanted = player.lines.length + 2;
    player.type('\r');
    if (reply === undefined) {
      await player.ends();
      await this.#server.shows(`that client ${client} left`, some(`client ${client} left`));
      return;
    }
    this.#replies += 1;
    await player.shows('a reply and a prompt', (lines) => lines.length === wanted && lines.at(-1) === PROMPT);
    await this.#server.shows(
      `${this.#replies} replies`,
      (lines) => lines.filter((line) => /^client \d: send took /.test(line)).length === this.#replies,
    );
  }

  /** The server ends by itself when both clients have gone. */
  async end(): Promise<void> {
    await this.#server.shows('the final value', some(FINAL_VALUE));
    await this.#server.ends();
  }

  async close(): Promise<void> {
    await Promise.all([this.#clients[1].close(), this.#clients[2].close(), this.#server.close()]);
  }
}

/** A program of ours in a terminal. Until it is started, its terminal is empty. */
class Player {
  #title: string;
  readonly #command: string;
  #terminal: Terminal | undefined;
  #exitStatus: number | undefined;

  constructor(name: string, command: string) {
    this.#title = name;
    this.#command = command;
  }

  start(path: string, args: readonly string[]): void {
    this.#title = [`${this.#title}: ${this.#command}`, ...args].join(' ');
    this.#terminal = new Terminal(process.execPath, [built(path), ...args], { columns: COLUMNS });
  }

  get lines(): readonly string[] {
    return this.#terminal?.screen ?? [];
  }

  pane(active = false): Pane {
    const status = this.#exitStatus === undefined ? undefined : `ended, exit status ${this.#exitStatus}`;
    return { title: this.#title, lines: this.lines, status, active };
  }

  type(keys: string): void {
    this.#terminal?.type(keys);
  }

  async shows(what: string, wanted: (lines: readonly string[]) => boolean): Promise<void> {
    await this.#terminal?.shows(wanted, what);
  }

  async ends(): Promise<void> {
    this.#exitStatus = await this.#terminal?.exited;
  }

  async close(): Promise<void> {
    this.#terminal?.close();
    await this.#terminal?.exited;
  }
}

function some(start: string): (lines: readonly string[]) => boolean {
  return (lines) => lines.some((line) => line.startsWith(start));
}
