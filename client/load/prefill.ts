// What the load does before and after it measures: checks that the server answers lines, reads its text, and brings it to a
// length without receiving the replies.

import { isUtf8 } from 'node:buffer';
import { type Address, formatAddress } from '../../shared/address.js';
import { OperationalError } from '../../shared/errors.js';
import { LineClient, pause } from './line-client.js';

/** Letters that one client sends and leaves: strsvr stores at most 1,024 of a client that does not read. */
const FILL_LETTERS = 1_000;
/** The receive buffer of such a client is small, so that the server can send few replies. */
const FILL_OPTIONS = { receiveBuffer: 4_096 };
/** Between two tries to read the final text. */
const RETRY_MS = 20;
const WIDE = '\u{10400}';
const NARROW = 'z';
const LINE = Buffer.from('\n');
const FIRST = 'a';
const NO_LINE = 'does not answer a line feed alone';
const NOT_LINES =
  "does not answer lines: it must answer a line feed alone with a line feed, and not store it as the tutorial's server does";

/**
 * Sends a letter and returns the text up to it.
 * @throws OperationalError also where the server does not answer lines
 */
export function look(server: Address, deadline: number): Buffer {
  const client = new LineClient(server, deadline);
  const empty = [LINE, LINE].every((line) => client.ask(line, NO_LINE).length === 0);
  const text = client.ask(Buffer.from(`${FIRST}\n`), 'does not answer a letter and a line feed');
  if (!empty || !text.toString().endsWith(FIRST)) {
    throw new OperationalError('NOT_LINES', `${formatAddress(server)} ${NOT_LINES}`);
  }
  client.end();
  return text;
}

/** The final text; undefined when it cannot be read. A server at its limit refuses it until it has seen the others leave. */
export function finalLook(server: Address, waitMs: number): Buffer | undefined {
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline) {
    try {
      return look(server, deadline);
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      pause(RETRY_MS);
    }
  }
  return undefined;
}

/**
 * Checks that two clients are answered while both are connected. Nothing is stored.
 * @throws OperationalError when the server serves one client after the other, or does not answer at all
 */
export function checkTwoClients(server: Address, idleTimeoutMs: number): void {
  const second = 'answers the first client, not the second: does it serve one client after the other?';
  const clients = [NO_LINE, second].map((silence) => {
    const client = new LineClient(server, performance.now() + idleTimeoutMs);
    client.ask(LINE, silence);
    return client;
  });
  for (const client of clients) client.reset();
}

/**
 * Brings the text to at least this many bytes, and to exactly this many if it was shorter.
 * @returns the text
 */
export function prefill(server: Address, bytes: number, deadline: number): Buffer {
  let text = look(server, deadline);
  while (text.length < bytes) {
    let missing = bytes - text.length - FIRST.length; // look() adds one
    while (missing > 0) missing -= fill(server, missing, deadline);
    text = look(server, deadline);
    if (!isUtf8(text)) throw new OperationalError('NOT_UTF8', 'the server has cut a letter of four bytes');
  }
  return text;
}

/** Sends letters, waits for the first reply and leaves; the number of their bytes, in the text or lost. */
function fill(server: Address, missing: number, deadline: number): number {
  const letter = missing >= WIDE.length * 2 ? WIDE : NARROW;
  const count = Math.min(FILL_LETTERS, Math.floor(missing / Buffer.byteLength(letter)));
  const client = new LineClient(server, deadline, FILL_OPTIONS);
  client.send(Buffer.from(letter.repeat(count)));
  client.receive();
  client.reset();
  return count * Buffer.byteLength(letter);
}
