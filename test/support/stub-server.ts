// A string server in this process whose replies a test can make wrong or late.

import type { Socket } from 'node:net';
import { type Address, withNetServer } from './servers.js';

export interface Letter {
  readonly letter: string;
  /** Number of letters before it. */
  readonly number: number;
  readonly socket: Socket;
  /** The text with this letter; assign to replace the text. */
  text: string;
  /** Sends the current text and an LF. */
  readonly reply: () => void;
}

/** @param answer handles each letter; default: the correct reply */
export function withStubServer(
  use: (address: Address, text: () => string) => Promise<void>,
  answer: (letter: Letter) => void = ({ reply }) => reply(),
  accept: (socket: Socket) => void = () => {},
): Promise<void> {
  const server = { text: '' };
  let letters = 0;
  const take = (letter: string, socket: Socket) => {
    server.text += letter;
    const number = letters;
    letters += 1;
    answer({
      letter,
      number,
      socket,
      get text() {
        return server.text;
      },
      set text(text) {
        server.text = text;
      },
      reply: () => socket.write(`${server.text}\n`),
    });
  };
  return withNetServer(
    (socket) => {
      accept(socket);
      let after = '\n';
      socket.on('data', (chunk) => {
        for (const letter of chunk.toString()) {
          if (letter !== '\n') take(letter, socket);
          else if (after === '\n') socket.write('\n');
          after = letter;
        }
      });
    },
    (address) => use(address, () => server.text),
  );
}
