// Replays the tutorial's session with a real server and two real clients, each in a terminal of its own. It waits for what
// the screens show, never for a time: pauses are for viewers, and made by the consumer of the frames.

import type { PtyProgram } from '../support/pty-program.js';
import type { Pane } from './pane-layout.js';
import { portOf, some, terminal } from './terminals.js';
import { type ClientNumber, FINAL_VALUE, type Frame, PROMPT, TRANSCRIPT, type Turn } from './transcript.js';

/**
 * Plays the session and resolves to its last frame. All programs have ended when it settles.
 * @param onFrame is awaited after each keystroke; when it rejects, the session is aborted and this rejects too
 * @throws Error with the screen that did not show what was expected
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
  readonly #clients = { 1: terminal('client/strclnt.js'), 2: terminal('client/strclnt.js') };
  readonly #server = terminal('server/strsvr.js');
  #port = '';
  /** Replies that the server has written to both clients. */
  #replies = 0;

  /** @param active the client that types */
  frame(active?: ClientNumber): Frame {
    return [
      pane('client 1', this.#clients[1], active === 1),
      pane('client 2', this.#clients[2], active === 2),
      pane('server', this.#server),
    ];
  }

  async startServer(): Promise<void> {
    this.#server.start('0', '--clients', '2', '--verbose');
    this.#port = await portOf(this.#server);
  }

  async startClient(client: ClientNumber): Promise<void> {
    this.#clients[client].start(this.#port);
    await this.#clients[client].waitFor('its prompt', (lines) => lines.at(-1) === PROMPT);
    await this.#server.waitFor(`client ${client}`, some(`client ${client} accepted from `));
  }

  async typeLetter({ client, letter }: Turn): Promise<void> {
    this.#clients[client].type(letter);
    await this.#clients[client].waitFor(`the letter ${letter}`, (lines) => lines.at(-1) === PROMPT + letter);
  }

  /** Sends the letter and waits for any reply; without a letter, the client exits. */
  async pressEnter({ client, reply }: Turn): Promise<void> {
    const program = this.#clients[client];
    const wanted = program.lines.length + 2;
    program.type('\r');
    if (reply === undefined) {
      await program.exited;
      await this.#server.waitFor(`the end of client ${client}`, some(`client ${client} disconnected`));
      return;
    }
    this.#replies += 1;
    await program.waitFor(
      'a reply and a prompt',
      (lines) => lines.length === wanted && lines.at(-1) === PROMPT,
    );
    await this.#server.waitFor(
      `${this.#replies} replies`,
      (lines) => lines.filter((line) => /^client \d: wrote /.test(line)).length === this.#replies,
    );
  }

  /** The server ends by itself when both clients have gone. */
  async end(): Promise<void> {
    await this.#server.waitFor('the final value', some(FINAL_VALUE));
    await this.#server.exited;
  }

  async close(): Promise<void> {
    await Promise.all([this.#clients[1].close(), this.#clients[2].close(), this.#server.close()]);
  }
}

function pane(name: string, { commandLine, lines, exitStatus }: PtyProgram, active = false): Pane {
  const title = commandLine === '' ? name : `${name}: ${commandLine}`;
  const status = exitStatus === undefined ? undefined : `ended, exit status ${exitStatus}`;
  return { title, lines, status, active };
}
