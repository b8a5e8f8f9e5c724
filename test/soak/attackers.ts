// Clients that mean no good, many in one process of their own, so that their work does not slow down who measures.
//
//   node attackers.js deaf N HOST PORT LETTERS   N clients that send so many letters at a time for ever and never read
//   node attackers.js resets N HOST PORT         N clients, some at a time, that connect and reset
//   node attackers.js paste N HOST PORT          one client that sends N bytes and never reads
//   node attackers.js controls N HOST PORT S     N clients that send control characters for S seconds
//   node attackers.js lines N HOST PORT S        N clients that send line ends and read what comes back
//
// They say `done` when all are closed, and of a paste how many bytes the kernel took.

import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAll } from '../../client/load/connections.js';
import * as libc from '../../shared/libc/load-calls.js';

const AT_A_TIME = 100;
const CHUNK = Buffer.alloc(16 * 1024, 'x');
const BETWEEN_MS = 100;
/**
 * Segments as on an Ethernet. Kernels give out buffers by the size of segments, and over loopback these are so large that a
 * few hundred clients who do not read take all the memory that there is for TCP on the machine, from everybody else too.
 */
const LIKE_FROM_AFAR = { nagle: false, maxSegment: 1_460 };
const TELL_MS = 50;
const CONNECT_MS = 60_000;

const [, , kind, amount = '', host = '', port = '', letters = ''] = process.argv;
const n = Number(amount);
if (kind === 'deaf') await deaf();
else if (kind === 'resets') await resets();
else if (kind === 'controls') await flood('\x07');
else if (kind === 'lines') await flood('\n');
else await paste();
process.stdout.write('done\n');

/** Each sends ten times a second. */
async function deaf(): Promise<void> {
  const deadline = performance.now() + CONNECT_MS;
  const address = { host, port: Number(port) };
  const connected = new Set(connectAll(address, n, LIKE_FROM_AFAR, deadline));
  const chunk = CHUNK.subarray(0, Number(letters));
  while (connected.size > 0) {
    for (const fd of connected) {
      try {
        libc.send(fd, chunk);
      } catch {
        libc.close(fd); // the server has cut it off
        connected.delete(fd);
      }
    }
    await sleep(BETWEEN_MS);
  }
}

/** Each sends as fast as the server takes it, for as many seconds as the last argument says. */
async function flood(character: string): Promise<void> {
  const began = performance.now();
  const connected = connectAll({ host, port: Number(port) }, n, LIKE_FROM_AFAR, began + CONNECT_MS);
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
  const telling = setInterval(() => tellTaken(socket), TELL_MS);
  await sendForEver(socket, n);
  clearInterval(telling);
}

function tellTaken(socket: Socket): void {
  process.stdout.write(`taken ${socket.bytesWritten - socket.writableLength}\n`);
}

/** Never reads; resolves when the server has closed the connection. */
async function sendForEver(socket: Socket, bytes: number): Promise<void> {
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

/** Once more when the server's queue was full. */
async function connectOne(): Promise<Socket> {
  for (;;) {
    const socket = createConnection({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
    socket.pause(); // before it is connected, or node would read a first piece
    try {
      await once(socket, 'connect');
      return socket.on('error', () => {});
    } catch {
      await sleep(10);
    }
  }
}
