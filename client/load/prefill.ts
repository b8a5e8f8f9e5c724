// What the load does before and after it measures: checks that the server answers lines, reads its text, and brings it to a
// length without receiving the replies.

import { isUtf8 } from 'node:buffer';
import { type Address, formatAddress } from '../../shared/address.js';
import { OperationalError } from '../../shared/errors.js';
import { LineClient, pause } from './line-client.js';

/** Letters that one client sends and leaves: strsvr stores at most 1,024 of a client that does not read. */
const FILL_LETTERS = 1_000;
/** The receive buffer of such a client, in bytes, small so that the server can send few replies. */
const FILL_BUFFER = 4_096;
/** Between two tries to read the final text. */
const RETRY_MS = 20;
const WIDE = '\u{10400}';
const NARROW = 'z';
const LINE = Buffer.from('\n');
const FIRST = 'a';

/**
 * Sends a letter and returns the text up to it.
 * @throws OperationalError also where the server does not answer lines
 */
export function look(server: Address, deadline: number): Buffer {
  const client = new LineClient(server, deadline);
  const lines = [LINE, LINE, Buffer.from(`${FIRST}\n`)].map((line) => {
    client.send(line);
    return client.line(
      line === LINE ? 'does not answer a line feed alone' : 'does not answer a letter and a line feed',
    );
  });
  const [first, second, text] = lines;
  if (first?.length !== 0 || second?.length !== 0 || !text?.toString().endsWith(FIRST)) {
    const why =
      "it must answer a line feed alone with a line feed, and not store it as the tutorial's server does";
    throw new OperationalError('NOT_LINES', `${formatAddress(server)} does not answer lines: ${why}`);
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
  const clients = [0, 1].map((index) => {
    const client = new LineClient(server, performance.now() + idleTimeoutMs);
    client.send(LINE);
    client.line(
      index === 0
        ? 'does not answer a line feed alone'
        : 'answers the first client, not the second: does it serve one client after the other?',
    );
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
  const wide = missing >= WIDE.length * 2;
  const width = Buffer.byteLength(wide ? WIDE : NARROW);
  const letters = Buffer.from(
    (wide ? WIDE : NARROW).repeat(Math.min(FILL_LETTERS, Math.floor(missing / width))),
  );
  const client = new LineClient(server, deadline, FILL_BUFFER);
  client.send(letters);
  client.receive();
  client.reset();
  return letters.length;
}
