// What the load does before it measures: it looks whether the server answers lines and what its text is, and brings the
// text to a length without paying for the replies.

import { isUtf8 } from 'node:buffer';
import type { Address } from '../../shared/address.js';
import { formatAddress } from '../../shared/address.js';
import { OperationalError } from '../../shared/errors.js';
import { LineClient } from './line-client.js';

/** Letters that one impatient client sends: strsvr stores no more than 1,024 of a client that does not read. */
const IMPATIENT_LETTERS = 1_000;
/** Bytes that its kernel keeps for it, so that the server does not get rid of many replies. */
const IMPATIENT_BUFFER = 4_096;
const WIDE = '\u{10400}';
const NARROW = 'z';
const LINE = Buffer.from('\n');
const FIRST = 'a';

/**
 * Sends a letter and gives the text up to it.
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

/**
 * Sees whether two clients are answered while both are connected. Nothing is stored.
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
 * Brings the text to a length of at least so many bytes, and to just that if it was shorter.
 * @returns the text
 */
export function prefill(server: Address, bytes: number, deadline: number): Buffer {
  let text = look(server, deadline);
  while (text.length < bytes) {
    let missing = bytes - text.length - FIRST.length; // the look that follows brings one
    while (missing > 0) missing -= sendImpatiently(server, missing, deadline);
    text = look(server, deadline);
    if (!isUtf8(text)) throw new OperationalError('NOT_UTF8', 'the server has cut a letter of four bytes');
  }
  return text;
}

/** Sends letters, waits until the first is answered, and goes away; the number of their bytes, in the text or lost. */
function sendImpatiently(server: Address, missing: number, deadline: number): number {
  const wide = missing >= WIDE.length * 2;
  const width = Buffer.byteLength(wide ? WIDE : NARROW);
  const letters = Buffer.from(
    (wide ? WIDE : NARROW).repeat(Math.min(IMPATIENT_LETTERS, Math.floor(missing / width))),
  );
  const client = new LineClient(server, deadline, IMPATIENT_BUFFER);
  client.send(letters);
  client.answered();
  client.reset();
  return letters.length;
}
