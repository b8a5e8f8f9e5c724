// What the load does before and after it measures, with one client at a time: checks that the server answers lines, reads
// its text, and brings it to a length without receiving the replies.

import { isUtf8 } from 'node:buffer';
import { type Address, formatAddress } from '../../shared/address.js';
import { BoundedBuffer } from '../../shared/bounded-buffer.js';
import { lostError, OperationalError } from '../../shared/errors.js';
import * as libc from '../../shared/libc/load-calls.js';
import { plural } from '../../shared/numbers.js';
import { DEFAULT_MAX_REPLY } from '../../shared/options.js';
import { LF } from '../../shared/utf8.js';
import { awaitEvent, pause, withConnection } from './connections.js';

/** Letters of one client before it disconnects: strsvr stores at most 1,024 of a client that does not read. */
const FILL_LETTERS = 1_000;
/** The receive buffer of such a client is small, so that the server can send few replies. */
const FILL_OPTIONS = { nagle: false, receiveBuffer: 4_096 };
const OPTIONS = { nagle: false };
const RECEIVE_BYTES = 64 * 1024;
/** Between two tries to read the final text. */
const RETRY_MS = 20;
const WIDE = '\u{10400}';
const NARROW = 'z';
const LINE = Buffer.of(LF);
/** A server that reads bytes one by one meanwhile appends the letter of four bytes that was begun when its client was reset. */
const LINES = [LINE, LINE, LINE, LINE, LINE];
const FIRST = 'a';

const NO_LINE = 'does not answer a line feed alone';
const NO_SECOND = 'answers the first client, not the second: does it serve one client after the other?';
const NO_REPLY = 'does not answer a letter and a line feed';
const NO_END = 'does not close the connection of a client that has ended its side (FIN)';
const NOT_LINES =
  "it must answer a line feed alone with a line feed, and not store it as the tutorial's server does";
const NO_LF = `more than ${plural(DEFAULT_MAX_REPLY, 'byte')} came without a line feed`;

/**
 * Sends a letter and returns the text up to it.
 * @throws OperationalError also where the server does not answer lines
 */
function readText(server: Address, deadline: number): Buffer {
  return withConnection(server, deadline, OPTIONS, (fd) => {
    const ask = (line: Buffer, silence: string) => {
      libc.send(fd, line);
      return receiveLine(fd, deadline, server, silence);
    };
    const empty = LINES.every((line) => ask(line, NO_LINE).length === 0);
    const text = ask(Buffer.from(`${FIRST}\n`), NO_REPLY);
    if (!empty || !text.toString().endsWith(FIRST) || text.includes(LF)) throw notLines(server, NOT_LINES);
    libc.shutdown(fd, libc.SHUT_WR);
    while (receive(fd, deadline, server, NO_END).length > 0);
    return text;
  });
}

/** The final text; undefined when it cannot be read. A full server rejects it until it has closed the other connections. */
export function readFinalText(server: Address, waitMs: number): Buffer | undefined {
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline) {
    try {
      return readText(server, deadline);
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
  const withAnswered = <T>(silence: string, use: () => T): T => {
    const deadline = performance.now() + idleTimeoutMs;
    return withConnection(server, deadline, OPTIONS, (fd) => {
      libc.send(fd, LINE);
      receiveLine(fd, deadline, server, silence);
      return use();
    });
  };
  withAnswered(NO_LINE, () => withAnswered(NO_SECOND, () => {}));
}

/**
 * Brings the text to at least this many bytes, and to exactly this many if it was shorter.
 * @returns the text
 */
export function prefill(server: Address, bytes: number, deadline: number): Buffer {
  let text = readText(server, deadline);
  while (text.length < bytes) {
    let missing = bytes - text.length - FIRST.length; // readText() adds one
    while (missing > 0) missing -= fill(server, missing, deadline);
    text = readText(server, deadline);
    if (!isUtf8(text)) throw new OperationalError('NOT_UTF8', 'the server has cut a letter of four bytes');
  }
  return text;
}

/** Sends letters, waits for the first reply and leaves; the number of their bytes, in the text or lost. */
function fill(server: Address, missing: number, deadline: number): number {
  const letter = missing >= WIDE.length * 2 ? WIDE : NARROW;
  const count = Math.min(FILL_LETTERS, Math.floor(missing / Buffer.byteLength(letter)));
  return withConnection(server, deadline, FILL_OPTIONS, (fd) => {
    libc.send(fd, Buffer.from(letter.repeat(count)));
    awaitEvent(fd, libc.POLLIN, deadline, server);
    return count * Buffer.byteLength(letter);
  });
}

/** All that comes until its last byte is an LF, without that. */
function receiveLine(fd: number, deadline: number, server: Address, silence: string): Buffer {
  const line = new BoundedBuffer(DEFAULT_MAX_REPLY + 1);
  while (line.bytes.at(-1) !== LF) {
    const chunk = receive(fd, deadline, server, silence);
    if (chunk.length === 0) throw lostError('it has closed the connection', server);
    const tooLong = !line.append(chunk) || (line.length > DEFAULT_MAX_REPLY && chunk.at(-1) !== LF);
    if (tooLong) throw notLines(server, NO_LF);
  }
  return line.bytes.subarray(0, -1);
}

/** What comes next; empty at the end of the stream. */
function receive(fd: number, deadline: number, server: Address, silence: string): Buffer {
  const chunk = Buffer.alloc(RECEIVE_BYTES);
  for (;;) {
    const length = libc.recv(fd, chunk);
    if (length !== libc.EAGAIN) return chunk.subarray(0, length);
    awaitEvent(fd, libc.POLLIN, deadline, server, silence);
  }
}

function notLines(server: Address, why: string): OperationalError {
  return new OperationalError('NOT_LINES', `${formatAddress(server)} does not answer lines: ${why}`);
}
