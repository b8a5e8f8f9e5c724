// The C structs that system calls read and write, in their layout on Linux and macOS.

import { SocketAddress } from 'node:net';
import type { Address } from '../address.js';

export const MACOS = process.platform === 'darwin';

const AF_INET = 2;
const AF_INET6 = MACOS ? 30 : 10;
/** Room for a sockaddr_in or a sockaddr_in6. */
export const SOCKADDR_BYTES = 28;
/** The struct is packed on x86-64 only. */
const EPOLL_EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
const EPOLL_DATA = EPOLL_EVENT_BYTES - 8;
const WORD = 2 ** 32;

/** An array of struct pollfd: int fd; short events; short revents. */
export class PollList {
  readonly capacity: number;
  readonly bytes: Uint8Array;
  readonly #ints: Int32Array;
  readonly #shorts: Int16Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    const memory = new ArrayBuffer(8 * capacity);
    this.bytes = new Uint8Array(memory);
    this.#ints = new Int32Array(memory);
    this.#shorts = new Int16Array(memory);
  }

  /** @param events POLLIN or POLLOUT; errors and hang-ups are reported in any case */
  set(at: number, fd: number, events: number): void {
    this.#ints[2 * at] = fd;
    this.#shorts[4 * at + 2] = events;
    this.#shorts[4 * at + 3] = 0;
  }

  /** Whether poll has reported an event for this descriptor. */
  ready(at: number): boolean {
    return this.#shorts[4 * at + 3] !== 0;
  }
}

/** An array of struct epoll_event: uint32_t events; epoll_data_t data, of which we use 32 bits. */
export class EpollList {
  readonly capacity: number;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.bytes = new Uint8Array(EPOLL_EVENT_BYTES * capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  set(at: number, events: number, data: number): void {
    this.#view.setUint32(EPOLL_EVENT_BYTES * at, events, true);
    this.#view.setUint32(EPOLL_EVENT_BYTES * at + EPOLL_DATA, data, true);
  }

  /** The number that the socket at this place of the list was registered with. */
  data(at: number): number {
    return this.#view.getUint32(EPOLL_EVENT_BYTES * at + EPOLL_DATA, true);
  }
}

const MSGHDR_BYTES = 56;
const IOVEC_BYTES = 16;

/** Bytes from several places in memory for one sendmsg(2): a struct msghdr and its array of struct iovec. */
export class Message {
  /** Of the struct msghdr. */
  readonly address: number;
  /** The number of places, and the number of bytes in all. */
  count = 0;
  length = 0;
  readonly #words: Uint32Array;

  /**
   * @param capacity the most places
   * @param addressOf where memory lies; as a parameter, because this file calls nothing
   */
  constructor(capacity: number, addressOf: (memory: ArrayBufferView) => number) {
    this.#words = new Uint32Array(new ArrayBuffer(MSGHDR_BYTES + IOVEC_BYTES * capacity));
    this.address = addressOf(this.#words);
    setPointer(this.#words, 4, this.address + MSGHDR_BYTES); // msg_iov
  }

  clear(): void {
    this.count = 0;
    this.length = 0;
  }

  add(address: number, length: number): void {
    const at = (MSGHDR_BYTES + IOVEC_BYTES * this.count) / 4;
    setPointer(this.#words, at, address);
    this.#words[at + 2] = length;
    this.count += 1;
    this.length += length;
    this.#words[6] = this.count; // msg_iovlen
  }

  /** What is left after a call has taken this many bytes: addresses and lengths in turn. */
  rest(taken: number): number[] {
    const rest: number[] = [];
    let before = taken;
    for (let i = 0; i < this.count; i += 1) {
      const at = (MSGHDR_BYTES + IOVEC_BYTES * i) / 4;
      const length = this.#words[at + 2] as number;
      const skipped = Math.min(before, length);
      if (skipped < length) rest.push(pointer(this.#words, at) + skipped, length - skipped);
      before -= skipped;
    }
    return rest;
  }
}

/** Stores an address in two little-endian words. */
export function setPointer(words: Uint32Array, at: number, address: number): void {
  words[at] = address; // its lower 32 bits
  words[at + 1] = address / WORD;
}

function pointer(words: Uint32Array, at: number): number {
  return (words[at + 1] as number) * WORD + (words[at] as number);
}

/** The address family of a numeric address. */
export function family(host: string): number {
  return host.includes(':') ? AF_INET6 : AF_INET;
}

/**
 * A sockaddr_in or sockaddr_in6 (ip(7), ipv6(7)).
 * @param host a numeric address, without a zone
 * @param scope of an IPv6 address: the number of the interface that it belongs to; 0: none
 */
export function encodeAddress(host: string, port: number, scope = 0): Buffer {
  const six = family(host) === AF_INET6;
  const bytes = Buffer.alloc(six ? SOCKADDR_BYTES : 16);
  if (MACOS) bytes.set([bytes.length, family(host)]);
  else bytes.writeUInt16LE(family(host));
  bytes.writeUInt16BE(port, 2);
  if (six) {
    bytes.set(ipv6Bytes(host), 8);
    bytes.writeUInt32LE(scope, 24);
  } else {
    bytes.set(host.split('.').map(Number), 4);
  }
  return bytes;
}

export function decodeAddress(bytes: Buffer): Address {
  const port = bytes.readUInt16BE(2);
  if ((MACOS ? bytes.readUInt8(1) : bytes.readUInt16LE()) === AF_INET)
    return { host: bytes.subarray(4, 8).join('.'), port };
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(8 + 2 * i).toString(16));
  return { host: new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address, port };
}

function ipv6Bytes(host: string): number[] {
  // The URL parser writes :: out as few groups as RFC 5952 wants; count the missing ones back in.
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...(tail === undefined ? [] : Array(missing).fill('0')), ...groups(tail)];
  return all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}
