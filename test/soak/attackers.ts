// Hostile clients, many in one process of their own, so that their work does not slow down the process that measures.
//
//   node attackers.js non-readers N HOST PORT LETTERS   N clients that send LETTERS ten times a second and never read
//   node attackers.js resets N HOST PORT                N clients, 100 at a time, that connect and reset
//   node attackers.js paste N HOST PORT                 one client that sends N bytes and never reads
//   node attackers.js controls N HOST PORT S            N clients that send control characters for S seconds
//   node attackers.js lines N HOST PORT S               N clients that send line ends for S seconds and read the answers
//
// Prints `done` when all are closed; of a paste also how many bytes the kernel took.

import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAll } from '../../client/load/connections.js';
import * as libc from '../../shared/libc/load-calls.js';

const AT_A_TIME = 100;
const CHUNK = Buffer.alloc(16 * 1024, 'x');
const BETWEEN_MS = 100;
/**
 * Segments as on an Ethernet. Linux sizes buffers by segments, and those of loopback are so large that a few hundred clients
 * that do not read use up the TCP memory of the whole machine.
 */
const ETHERNET = { nagle: false, maxSegment: 1_460 };
const REPORT_MS = 50;
const CONNECT_MS = 60_000;

const [, , kind, amount = '', host = '', port = '', letters = ''] = process.argv;
const n = Number(amount);
if (kind === 'non-readers') await nonReaders();
else if (kind === 'resets') await resets();
else if (kind === 'controls') await flood('\x07');
else if (kind === 'lines') await flood('\n');
else await paste();
process.stdout.write('done\n');

/** Each sends ten times a second. */
async function nonReaders(): Promise<void> {
  const deadline = performance.now() + CONNECT_MS;
  const address = { host, port: Number(port) };
  const connected = new Set(connectAll(address, n, ETHERNET, deadline));
  const chunk = CHUNK.subarray(0, Number(letters));
  while (connected.size > 0) {
    for (const fd of connected) {
      try {
        libc.send(fd, chunk);
      } catch {
        libc.close(fd); // the server has closed it
        connected.delete(fd);
      }
    }
    await sleep(BETWEEN_MS);
  }
}

/** Each sends as fast as the server reads, for the seconds of the last argument. */
async function flood(character: string): Promise<void> {
  const began = performance.now();
  const connected = connectAll({ host, port: Number(port) }, n, ETHERNET, began + CONNECT_MS);
  const [chunk, room] = [Buffer.alloc(CHUNK.length, character), Buffer.alloc(4 * CHUNK.length)];
  for (const deadline = performance.now() + 1_000 * Number(letters); performance.now() < deadline; ) {
    for (const fd of connected) {
      libc.send(fd, chunk);
      libc.recv(fd, room);
    }
    await sleep(1);
  }
  for (const fd of connected) libc.abort(fd);
}

async function resets(): Promise<void> {
  for (let done = 0; done < n; done += AT_A_TIME) {
    const sockets = await connectSome(Math.min(AT_A_TIME, n - done));
    for (const socket of sockets) socket.resetAndDestroy();
  }
}

async function paste(): Promise<void> {
  const [socket] = (await connectSome(1)) as [Socket];
  const reports = setInterval(() => reportTaken(socket), REPORT_MS);
  await sendWithoutReading(socket, n);
  clearInterval(reports);
}

function reportTaken(socket: Socket): void {
  process.stdout.write(`taken ${socket.bytesWritten - socket.writableLength}\n`);
}

/** Resolves when the server has closed the connection. */
async function sendWithoutReading(socket: Socket, bytes: number): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  let left = bytes;
  const send = () => {
    left -= CHUNK.length;
    if (left >= 0 && socket.writable) socket.write(CHUNK, send);
  };
  send();
  await closed;
}

function connectSome(sockets: number): Promise<Socket[]> {
  return Promise.all(Array.from({ length: sockets }, connectOne));
}

/** Tries again when the server's backlog was full. */
async function connectOne(): Promise<Socket> {
  for (;;) {
    const socket = createConnection({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
    socket.pause(); // before it is connected, or Node.js would read a first chunk
    try {
      await once(socket, 'connect');
      return socket.on('error', () => {});
    } catch {
      await sleep(10);
    }
  }
}
