// io_uring(7) of Linux 6.1 or newer: two rings in memory that the process shares with the kernel. Submissions say what is
// to be done; one system call hands all of them over and returns when some are done, as completions. This file knows
// sockets, messages and numbers that its caller chooses; it knows nothing of clients. Layouts: linux/io_uring.h.
//
// The kernel owns the memory of a submission's data until its completion. With DEFER_TASKRUN the kernel changes the rings
// only during that system call, so plain loads and stores suffice.

import { constants } from 'node:os';
import { bindings } from './bindings.js';
import { close } from './sockets.js';
import { Message, setPointer } from './structs.js';
import { SystemError } from './system-call.js';
import { PARAMS_WORDS, setup, unavailable } from './uring-setup.js';

const ENTER_GETEVENTS = 1;
const ENTER_EXT_ARG = 1 << 3;
const REGISTER_PBUF_RING = 22;
const OP_POLL_ADD = 6;
const OP_SENDMSG = 9;
const OP_ASYNC_CANCEL = 14;
const OP_RECV = 27;
/** The next submission is not started before this one has succeeded completely. */
const SQE_IO_LINK = 1 << 2;
const SQE_BUFFER_SELECT = 1 << 5;
/** No completion if it succeeds. */
const SQE_CQE_SKIP_SUCCESS = 1 << 6;
/** Waits for input without looking for it first. */
const RECV_POLL_FIRST = 1 << 0;
const CQE_F_BUFFER = 1 << 0;
const POLLIN = 1;
const MSG_WAITALL = 0x100;
const MSG_NOSIGNAL = 0x4000;
const OFF_SQ_RING = 0;
const OFF_SQES = 0x10000000;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = 2n ** 64n - 1n;

// Sizes of the structs in words of 32 bits.
const SQE_WORDS = 16;
const CQE_WORDS = 4;
/** struct io_uring_getevents_arg, and after it the struct __kernel_timespec that it points to. */
const GETEVENTS_ARG_BYTES = 24;
const TIMESPEC_WORDS = 4;
/** The errors of io_uring_enter after which it is called again later. */
const RETRIED: ReadonlySet<number> = new Set(
  ['EINTR', 'ETIME', 'EAGAIN', 'EBUSY'].map((code) => constants.errno[code as 'EINTR']),
);
const { ECANCELED, ENOBUFS } = constants.errno;
/** Results of a recv that was cancelled, or found no buffer: it received nothing. */
export const NOTHING_RECEIVED: ReadonlySet<number> = new Set([-ECANCELED, -ENOBUFS]);

export interface RingSize {
  /** The most submissions in one system call; a power of two. */
  readonly entries: number;
  /** The number of receive buffers, a power of two, and the size of each. */
  readonly buffers: number;
  readonly bufferBytes: number;
  /** The most places in memory of a message. */
  readonly messageCapacity: number;
}

/** What is done. */
export interface Completion {
  /** The two numbers that the submission was given. */
  tag: number;
  id: number;
  /** As the system call returns it, or -errno. */
  result: number;
  /** The buffer that was received into; -1: none. */
  buffer: number;
}

/** For one thread: the one that creates it. */
export class Uring {
  /** All receive buffers: that of a completion starts at its number times `bufferBytes`. */
  readonly buffers: Uint8Array;
  readonly bufferBytes: number;
  readonly #fd: number;
  readonly #mapped: Array<readonly [address: bigint, length: number]> = [];
  /** Both rings as words, and where their parts start. */
  readonly #rings: Uint32Array;
  readonly #results: Int32Array;
  readonly #sqTailAt: number;
  readonly #cqHeadAt: number;
  readonly #cqTailAt: number;
  readonly #cqesAt: number;
  readonly #sqMask: number;
  readonly #cqMask: number;
  readonly #sqes: Uint32Array;
  /** One for each submission entry, because the kernel reads a message when its submission is handed over. */
  readonly #messages: readonly Message[];
  /** Submissions so far, and those that have been handed over; completions so far. */
  #tail = 0;
  #submitted = 0;
  #head = 0;
  /** The ring of buffers that the kernel may receive into, as words and as half words. */
  readonly #bufferRing: Uint32Array;
  readonly #bufferRingHalves: Uint16Array;
  readonly #buffersAddress: number;
  readonly #bufferMask: number;
  #bufferTail = 0;
  readonly #timeout = new Uint32Array(new ArrayBuffer(GETEVENTS_ARG_BYTES + 4 * TIMESPEC_WORDS));
  readonly #timeoutAddress: number;
  /** Reused by every `next`. */
  readonly #completion: Completion = { tag: 0, id: 0, result: 0, buffer: -1 };

  /** @throws as `checkUring` */
  constructor({ entries, buffers, bufferBytes, messageCapacity }: RingSize) {
    const { address, io_uring_register } = bindings();
    const params = new Uint32Array(PARAMS_WORDS);
    this.#fd = setup(entries, params);
    const [sqEntries = 0, cqEntries = 0] = params;
    const [, sqTail = 0, , , , , sqArray = 0] = params.subarray(10); // struct io_sqring_offsets
    const [cqHead = 0, cqTail = 0, , , , cqes = 0] = params.subarray(20); // struct io_cqring_offsets
    const bytes = Math.max(cqes + 4 * CQE_WORDS * cqEntries, sqArray + 4 * sqEntries);
    const rings = this.#map(bytes, MAP_SHARED, this.#fd, OFF_SQ_RING);
    this.#rings = new Uint32Array(rings);
    this.#results = new Int32Array(rings);
    this.#sqes = new Uint32Array(this.#map(4 * SQE_WORDS * sqEntries, MAP_SHARED, this.#fd, OFF_SQES));
    [this.#sqTailAt, this.#cqHeadAt, this.#cqTailAt] = [sqTail / 4, cqHead / 4, cqTail / 4];
    this.#cqesAt = cqes / 4;
    [this.#sqMask, this.#cqMask] = [sqEntries - 1, cqEntries - 1];
    for (let i = 0; i < sqEntries; i += 1) this.#rings[sqArray / 4 + i] = i;
    this.#messages = Array.from({ length: sqEntries }, () => new Message(messageCapacity, address));

    this.bufferBytes = bufferBytes;
    this.buffers = new Uint8Array(this.#map(buffers * bufferBytes, MAP_PRIVATE_ANONYMOUS, -1, 0));
    this.#buffersAddress = address(this.buffers);
    const bufferRing = this.#map(16 * buffers, MAP_PRIVATE_ANONYMOUS, -1, 0);
    this.#bufferRing = new Uint32Array(bufferRing);
    this.#bufferRingHalves = new Uint16Array(bufferRing);
    this.#bufferMask = buffers - 1;
    const registration = new Uint32Array(10); // struct io_uring_buf_reg
    setPointer(registration, 0, address(this.#bufferRing));
    registration[2] = buffers;
    if ((io_uring_register?.(this.#fd, REGISTER_PBUF_RING, registration, 1) ?? -1) < 0) throw unavailable();
    for (let buffer = 0; buffer < buffers; buffer += 1) this.release(buffer);

    this.#timeoutAddress = address(this.#timeout);
    setPointer(this.#timeout, 4, this.#timeoutAddress + GETEVENTS_ARG_BYTES); // after sigmask, sigmask_sz and pad
  }

  // --- submissions ---

  /** Completes when the descriptor can be read. */
  pollIn(fd: number, tag: number, id: number): void {
    const at = this.#add(OP_POLL_ADD, 0, fd, tag, id);
    this.#sqes[at + 7] = POLLIN;
  }

  /** Completes when something was received, into a buffer of the kernel's choice; `release` it afterwards. */
  recv(fd: number, tag: number, id: number): void {
    const at = this.#add(OP_RECV | (RECV_POLL_FIRST << 16), SQE_BUFFER_SELECT, fd, tag, id);
    this.#sqes[at + 6] = this.bufferBytes;
  }

  /** An empty message for the next `sendmsg`. */
  message(): Message {
    if (this.#room < 2) this.#submit(0, 0); // links do not reach from one system call to the next
    const message = this.#messages[this.#tail & this.#sqMask] as Message;
    message.clear();
    return message;
  }

  /**
   * Sends all of `message()`, whose bytes must stay as they are until the completion.
   * @param linked the next submission starts when all is sent. There is one completion for both: that of the next one, or
   *   that of this one if it fails
   */
  sendmsg(fd: number, tag: number, id: number, linked: boolean): void {
    const { address } = this.#messages[this.#tail & this.#sqMask] as Message;
    const at = this.#add(OP_SENDMSG, linked ? SQE_IO_LINK | SQE_CQE_SKIP_SUCCESS : 0, fd, tag, id);
    setPointer(this.#sqes, at + 4, address);
    this.#sqes[at + 6] = 1;
    this.#sqes[at + 7] = MSG_NOSIGNAL | MSG_WAITALL;
  }

  /** Cancels what was submitted with these numbers, if it has started and is not done: its result is then -ECANCELED. */
  cancel(tag: number, id: number): void {
    const at = this.#add(OP_ASYNC_CANCEL, SQE_CQE_SKIP_SUCCESS, -1, 0, 0);
    this.#sqes[at + 4] = id;
    this.#sqes[at + 5] = tag;
  }

  /** The kernel may receive into this buffer again. */
  release(buffer: number): void {
    const at = 4 * (this.#bufferTail & this.#bufferMask);
    setPointer(this.#bufferRing, at, this.#buffersAddress + buffer * this.bufferBytes);
    this.#bufferRing[at + 2] = this.bufferBytes;
    this.#bufferRingHalves[2 * at + 6] = buffer;
    this.#bufferTail = (this.#bufferTail + 1) & 0xffff;
    this.#bufferRingHalves[7] = this.#bufferTail;
  }

  // --- completions ---

  /** Hands all submissions over, and sleeps until something is done, at most `timeoutMs` milliseconds (-1: without limit). */
  wait(timeoutMs: number): void {
    this.#submit(this.#rings[this.#cqTailAt] === this.#head ? 1 : 0, timeoutMs);
  }

  /** What is done, valid until the next call; undefined: nothing more. */
  next(): Completion | undefined {
    if (this.#rings[this.#cqTailAt] === this.#head) return undefined;
    const at = this.#cqesAt + CQE_WORDS * (this.#head & this.#cqMask);
    const flags = this.#rings[at + 3] as number;
    const completion = this.#completion;
    completion.id = this.#rings[at] as number;
    completion.tag = this.#rings[at + 1] as number;
    completion.result = this.#results[at + 2] as number;
    completion.buffer = (flags & CQE_F_BUFFER) === 0 ? -1 : flags >>> 16;
    this.#head = (this.#head + 1) >>> 0;
    this.#rings[this.#cqHeadAt] = this.#head;
    return completion;
  }

  /** Nothing must be under way. */
  close(): void {
    close(this.#fd);
    for (const [address, length] of this.#mapped) bindings().munmap(address, length);
  }

  get #room(): number {
    return this.#sqMask + 1 - (this.#tail - this.#submitted);
  }

  /** @returns where the new submission starts in `#sqes` */
  #add(operation: number, flags: number, fd: number, tag: number, id: number): number {
    if (this.#room === 0) this.#submit(0, 0);
    if (this.#room === 0) throw new Error('the kernel takes no more submissions');
    const at = SQE_WORDS * (this.#tail & this.#sqMask);
    this.#tail += 1;
    for (let i = at + 2; i < at + SQE_WORDS; i += 1) this.#sqes[i] = 0; // for so few, a call of fill() takes longer
    this.#sqes[at] = operation | (flags << 8);
    this.#sqes[at + 1] = fd;
    this.#sqes[at + 8] = id;
    this.#sqes[at + 9] = tag;
    return at;
  }

  #submit(minComplete: number, timeoutMs: number): void {
    this.#rings[this.#sqTailAt] = this.#tail;
    const timed = timeoutMs >= 0 && minComplete > 0;
    if (timed) {
      this.#timeout[6] = timeoutMs / 1000;
      this.#timeout[8] = (timeoutMs % 1000) * 1e6;
    }
    const { io_uring_enter, errno } = bindings();
    const count = this.#tail - this.#submitted;
    const submitted =
      io_uring_enter?.(
        this.#fd,
        count,
        minComplete,
        timed ? ENTER_GETEVENTS | ENTER_EXT_ARG : ENTER_GETEVENTS,
        timed ? this.#timeoutAddress : 0,
        timed ? GETEVENTS_ARG_BYTES : 0,
      ) ?? -1;
    if (submitted >= 0) this.#submitted += submitted;
    else if (!RETRIED.has(errno())) throw new SystemError('io_uring_enter', errno());
  }

  #map(length: number, flags: number, fd: number, offset: number): ArrayBuffer {
    const { mmap, view } = bindings();
    const address: bigint = mmap(0, length, PROT_READ_WRITE, flags, fd, offset);
    if (address === MAP_FAILED) throw unavailable();
    this.#mapped.push([address, length]);
    return view(address, length);
  }
}
