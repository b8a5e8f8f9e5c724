// Starts a wall and wires its parts: the server, its sampler, the bridges, the pages, the recording. Each part knows only
// what it is given.

import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { WebSocket } from 'ws';
import type { Address } from '../../shared/address.js';
import type { KernelView } from '../../shared/kernel-view.js';
import { prng } from '../../shared/prng.js';
import { Board } from './board.js';
import { startBots } from './bots.js';
import { WallHttp } from './http.js';
import { joinAddresses, qrAsSvg } from './join-address.js';
import { Rejections } from './limits.js';
import { Phone } from './phone.js';
import { Recorder } from './recording.js';
import { type Participant, Room } from './room.js';
import type { Sample, SamplerOptions } from './sampler-worker.js';
import type { LogLine } from './server-log.js';
import type { ServerTarget } from './server-target.js';
import { SharedText } from './shared-text.js';
import { SampleHistory } from './snapshot.js';
import { Teacher, type TeacherCommand } from './teacher.js';
import { verdict } from './verdict.js';
import { Viewers } from './viewers.js';
import type { WallEvent } from './wall-event.js';

const SAMPLE_MS = 200;
const TEXT_MS = 50;
const PHONE_MS = 1_000;
/** Of the worker: what it keeps between two samples is little. */
const WORKER_HEAP_MIB = 32;

export interface WallOptions {
  readonly http: Address;
  readonly names: readonly string[];
  readonly perAddress: number;
  readonly bots: number;
  /** Phones and bots send letters without line feeds. */
  readonly raw: boolean;
  readonly record: string | undefined;
  /** For the teacher's terminal. */
  readonly onLine: (line: string) => void;
  /** A page was opened from this address. */
  readonly onVisit: (remote: string) => void;
}

export class Wall {
  readonly #target: ServerTarget;
  readonly #options: WallOptions;
  readonly #text = new SharedText();
  readonly #room: Room;
  readonly #board: Board;
  readonly #history = new SampleHistory();
  readonly #viewers: Viewers;
  readonly #rejections: Rejections;
  readonly #teacher: Teacher;
  readonly #phones = new Set<Phone>();
  readonly #banned = new Set<string>();
  readonly #http: WallHttp;
  /** Whose connection to the server has ended, until the kernel has forgotten it too. */
  readonly #ended = new Set<Participant>();
  readonly #stop = new AbortController();
  #recorder: Recorder | undefined;
  #worker: Worker | undefined;
  #timers: NodeJS.Timeout[] = [];
  #model: string | undefined;
  #extraLines = false;

  constructor(target: ServerTarget, options: WallOptions) {
    this.#target = target;
    this.#options = options;
    this.#room = new Room(
      (participant) => this.#board.client(participant),
      (participant) => {
        this.#ended.delete(participant);
        this.#board.left(participant);
      },
    );
    this.#board = new Board(target.title, this.#room, this.#text, (event) => this.#emit(event));
    this.#rejections = new Rejections(options.onLine);
    this.#viewers = new Viewers(
      this.#text,
      () => this.#board.keyframe(),
      () => this.#board.now,
      () => this.#rejections.count('state for a page that does not read'),
    );
    this.#teacher = new Teacher(this.#rejections, (command) => this.#onTeacherCommand(command));
    this.#http = new WallHttp({
      address: options.http,
      names: options.names,
      perAddress: options.perAddress,
      rejections: this.#rejections,
      qr: (address) => qrAsSvg(joinAddresses(address, options.names)[0]?.url ?? ''),
      viewers: this.#viewers,
      recording: undefined,
      onPhone: (socket, query) => void this.#join(socket, query),
      onTeacher: (socket) => this.#teacher.connect(socket),
      onVisit: options.onVisit,
    });
    target.ended.then((how) => this.#board.showEnd(how));
  }

  get teacherToken(): string {
    return this.#teacher.token;
  }

  /** @returns where the pages are. @throws OperationalError */
  async start(): Promise<Address> {
    const { record, bots, onLine } = this.#options;
    if (record !== undefined) {
      const failed = (why: string) => onLine(`the recording has ended: ${why}`);
      this.#recorder = await Recorder.create(record, () => this.#board.keyframe(), failed);
    }
    const address = await this.#http.listen();
    this.#board.join = joinAddresses(address, this.#options.names)[0]?.url ?? '';
    this.#startSampler();
    this.#every(TEXT_MS, () => this.#board.showText());
    this.#every(PHONE_MS, () => this.#sendStates());
    const context = { ...this.#bridgeContext(), random: prng(Date.now()), signal: this.#stop.signal };
    if (bots > 0) await startBots(bots, context);
    return address;
  }

  /** A line that the server has printed. */
  takeLine(line: LogLine): void {
    if (!('event' in line)) return;
    const { event } = line;
    if (event.type === 'listening') this.#model = event.io;
    if (event.type === 'accepted') this.#room.accepted(event.client, event.remote.port);
    if (event.type === 'closed') this.#room.closed(event.client);
    if (event.type !== 'appended') return;
    const author = this.#room.author(event.client);
    this.#text.append(event.offset, event.codePoint, author?.id ?? 0);
  }

  /** What was rejected, in a line; undefined if nothing was. */
  get rejected(): string | undefined {
    return this.#rejections.summary();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#worker?.terminate();
    for (const { bridge } of this.#room.participants) bridge?.destroy();
    this.#viewers.close();
    this.#http.close();
    await this.#recorder?.close();
  }

  #startSampler(): void {
    const { visible, address } = this.#target;
    if (typeof visible === 'string') {
      const view: KernelView = { available: false, why: visible };
      this.#every(SAMPLE_MS, () => this.#take({ view }, 0));
      boundGarbage();
      return;
    }
    const workerData: SamplerOptions = { pid: visible.pid, port: address.port };
    this.#worker = new Worker(new URL('./sampler-worker.js', import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB },
    });
    this.#worker.on('online', boundGarbage); // a thread that starts resets the flag
    this.#worker.on('message', (sample: Sample) => this.#take(sample, visible.pid ?? 0));
    this.#worker.on('error', ({ message }) => {
      const view: KernelView = { available: false, why: message };
      this.#options.onLine(`no more samples of the kernel: ${message}`);
      this.#every(SAMPLE_MS, () => this.#take({ view }, 0));
    });
  }

  #take(sample: Sample, mainThread: number): void {
    this.#room.follow(sample.view, this.#ended);
    const snapshot = this.#history.snapshot(
      performance.now(),
      sample.view,
      this.#room.known(performance.now()),
      {
        mainThread,
        ...(this.#model !== undefined && { model: this.#model }),
        ...(sample.cpuWanted !== undefined && { cpuWanted: sample.cpuWanted }),
      },
    );
    this.#board.showSample(snapshot, verdict(snapshot), sample);
  }

  #sendStates(): void {
    const { headline, blockers } = this.#board.verdict;
    for (const phone of this.#phones) {
      const { participant } = phone;
      if (participant === undefined) continue;
      const names = blockers.flatMap((id) => {
        const blocker = id === participant.id ? undefined : this.#room.byId(id);
        return blocker === undefined ? [] : [blocker.identity.name];
      });
      phone.sendState(this.#board.stateOf(participant.id), names.join(' and '), headline);
    }
  }

  async #join(socket: WebSocket, query: URLSearchParams): Promise<void> {
    const phone = await Phone.join(socket, query, {
      ...this.#bridgeContext(),
      title: this.#target.title,
      rejections: this.#rejections,
      locked: () => this.#board.locked,
      banned: this.#banned,
    });
    if (phone === undefined) return;
    for (const other of this.#phones) if (other.token === phone.token) other.replace();
    this.#phones.add(phone);
    socket.on('close', () => {
      this.#phones.delete(phone);
      if (phone.participant !== undefined) this.#onBridgeEnd(phone.participant);
    });
  }

  #bridgeContext() {
    return {
      server: this.#target.address,
      raw: this.#options.raw,
      text: this.#text,
      room: this.#room,
      onExtraLine: () => this.#onExtraLine(),
      onEnd: (participant: Participant) => this.#onBridgeEnd(participant),
    };
  }

  #onBridgeEnd(participant: Participant): void {
    if (this.#room.byId(participant.id) !== undefined) this.#ended.add(participant); // else it has left already
  }

  #onExtraLine(): void {
    if (this.#extraLines) return;
    this.#extraLines = true;
    this.#options.onLine(
      "more lines than letters: if this server stores line ends, as the tutorial's does, use --raw",
    );
  }

  #onTeacherCommand(command: TeacherCommand): void {
    if ('lock' in command) {
      this.#board.locked = command.lock;
      return;
    }
    const participant = this.#room.byId('mute' in command ? command.mute : command.remove);
    if (participant === undefined) return;
    if ('mute' in command) {
      participant.muted = command.muted;
      this.#board.client(participant);
      return;
    }
    for (const phone of this.#phones) {
      if (phone.participant !== participant) continue;
      this.#banned.add(phone.token);
      phone.close('the teacher has removed you');
    }
  }

  #emit(event: WallEvent): void {
    this.#viewers.send(event);
    this.#recorder?.record(event);
  }

  #every(ms: number, action: () => void): void {
    this.#timers.push(setInterval(action, ms));
  }
}

/** Else V8 lets the garbage of each thread grow to tens of MiB before it collects. */
function boundGarbage(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
