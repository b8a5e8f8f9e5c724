// The teacher's WebSocket: lock joining, mute and remove clients. The token is printed on the teacher's terminal only.

import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Rejections } from './limits.js';

const POLICY = 1008;

/** What a teacher's page sends, as JSON, after the token alone. */
export type TeacherCommand =
  | { readonly lock: boolean }
  | { readonly mute: number; readonly muted: boolean }
  | { readonly remove: number };

export class Teacher {
  readonly token = randomBytes(16).toString('hex');
  readonly #rejections: Rejections;
  readonly #onCommand: (command: TeacherCommand) => void;

  constructor(rejections: Rejections, onCommand: (command: TeacherCommand) => void) {
    this.#rejections = rejections;
    this.#onCommand = onCommand;
  }

  connect(socket: WebSocket): void {
    let trusted = false;
    socket.on('message', (data, isBinary) => {
      const text = isBinary ? '' : String(data);
      const command = trusted ? readCommand(text) : undefined;
      if (command !== undefined) return this.#onCommand(command);
      if (!trusted && this.#isToken(text)) {
        trusted = true;
        socket.send('welcome');
        return;
      }
      this.#rejections.count(trusted ? 'command of a teacher that is none' : 'wrong token of a teacher');
      socket.close(POLICY, 'wrong token or command');
    });
  }

  #isToken(text: string): boolean {
    const [given, wanted] = [Buffer.from(text), Buffer.from(this.token)];
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}

function readCommand(text: string): TeacherCommand | undefined {
  try {
    const { lock, mute, muted, remove } = JSON.parse(text);
    if (typeof lock === 'boolean') return { lock };
    if (typeof mute === 'number' && typeof muted === 'boolean') return { mute, muted };
    return typeof remove === 'number' ? { remove } : undefined;
  } catch {
    return undefined;
  }
}
