// What the wall shows now, and the events that say how it changes. A new verdict is shown when two samples in a row have it: a
// thread that has just been on a core would make it flicker.

import { infoOf, type Participant, type Room } from './room.js';
import type { Sample } from './sampler-worker.js';
import type { SharedText } from './shared-text.js';
import type { Snapshot } from './snapshot.js';
import { type Verdict, waitMsOf } from './verdict.js';
import type { ClientStatus, Figures, Headline, Keyframe, ThreadRow, WallEvent } from './wall-event.js';
import { type ClientState, WAITING_STATES } from './wording.js';

const MAX_THREADS = 4;
const FIGURES_MS = 1_000;
/** A wait whose beginning is known better by so little is not announced again. */
const SINCE_MS = 1_000;

type EventBody = WallEvent extends infer E ? (E extends { at: number } ? Omit<E, 'at'> : never) : never;

export class Board {
  readonly #title: string;
  readonly #room: Room;
  readonly #text: SharedText;
  readonly #emit: (event: WallEvent) => void;
  readonly #startedAt = Date.now();
  readonly #start = performance.now();
  readonly #states = new Map<number, ClientStatus>();
  #verdict: Headline = { tone: 'calm', headline: 'Looking at the server', why: '', blockers: [] };
  #candidate = '';
  #figures: Figures = { notAccepted: 0 };
  #figuresAt = Number.NEGATIVE_INFINITY;
  #threads: readonly ThreadRow[] = [];
  #locked = false;
  /** What phones open; known once the web server listens. */
  join = '';

  /** @param title how the server was started, or where it is */
  constructor(title: string, room: Room, text: SharedText, emit: (event: WallEvent) => void) {
    this.#title = title;
    this.#room = room;
    this.#text = text;
    this.#emit = emit;
  }

  /** The wall's time: milliseconds since it started. */
  get now(): number {
    return Math.round(performance.now() - this.#start);
  }

  get verdict(): Headline {
    return this.#verdict;
  }

  get locked(): boolean {
    return this.#locked;
  }

  set locked(locked: boolean) {
    this.#locked = locked;
    this.#send({ type: 'locked', locked });
  }

  /** All that is shown now, but not the text. */
  keyframe(): Keyframe {
    return {
      at: this.now,
      type: 'keyframe',
      title: this.#title,
      join: this.join,
      startedAt: this.#startedAt,
      locked: this.#locked,
      clients: [...this.#room.participants].map(infoOf),
      states: [...this.#states],
      verdict: this.#verdict,
      figures: this.#figures,
      threads: this.#threads,
    };
  }

  /** A client has come, or has changed. */
  client(participant: Participant): void {
    this.#send({ type: 'client', client: infoOf(participant) });
  }

  left({ id }: Participant): void {
    this.#states.delete(id);
    this.#send({ type: 'left', client: id });
  }

  stateOf(id: number): ClientState {
    return this.#states.get(id)?.state ?? 'silent';
  }

  /** New letters, if their authors are known. */
  showText(): void {
    const letters = this.#text.take(performance.now());
    if (letters !== undefined) this.#send({ type: 'text', ...letters });
  }

  showSample(snapshot: Snapshot, verdict: Verdict, sample: Sample): void {
    const { now } = this;
    for (const client of snapshot.clients) {
      const state = verdict.states.get(client.id) ?? 'silent';
      const wait = WAITING_STATES.has(state) ? Math.round(waitMsOf(client)) : 0;
      this.#showState(client.id, state, Math.max(0, now - wait));
    }
    this.#showVerdict(verdict, now);
    const threads = threadRows(verdict, snapshot);
    if (JSON.stringify(threads) !== JSON.stringify(this.#threads)) {
      this.#threads = threads;
      this.#send({ type: 'threads', threads });
    }
    if (now - this.#figuresAt < FIGURES_MS) return;
    this.#figuresAt = now;
    const { cpuWanted, residentMiB } = sample;
    const figures = {
      ...(snapshot.threads.length > 0 && { ioThreads: verdict.io.length }),
      ...(cpuWanted !== undefined && { cpuWanted: Math.round(100 * cpuWanted) / 100 }),
      ...(residentMiB !== undefined && { residentMiB: Math.round(residentMiB) }),
      notAccepted: [...verdict.states.values()].filter((state) => state === 'notAccepted').length,
    };
    this.#figures = figures;
    this.#send({ type: 'figures', figures });
  }

  /** The server has ended. */
  showEnd(how: string): void {
    this.#setVerdict({ tone: 'waiting', headline: 'The server has ended', why: how, blockers: [] });
  }

  #showState(id: number, state: ClientState, since: number): void {
    const before = this.#states.get(id);
    const sameWait = !WAITING_STATES.has(state) || Math.abs((before?.since ?? 0) - since) < SINCE_MS;
    if (before?.state === state && sameWait) return;
    const status = { state, since };
    this.#states.set(id, status);
    this.#send({ type: 'state', client: id, status });
  }

  #showVerdict({ tone, headline, why, waitMs, blockers }: Verdict, now: number): void {
    const next: Headline = {
      ...{ tone, headline, why, blockers },
      ...(tone === 'waiting' && { since: Math.max(0, Math.round(now - waitMs)) }),
    };
    const key = `${headline} ${why}`;
    const shown = `${this.#verdict.headline} ${this.#verdict.why}`;
    const confirmed = key === this.#candidate;
    this.#candidate = key;
    if (key === shown && Math.abs((next.since ?? 0) - (this.#verdict.since ?? 0)) < SINCE_MS) return;
    if (confirmed) this.#setVerdict(next);
  }

  #setVerdict(verdict: Headline): void {
    this.#verdict = verdict;
    this.#send({ type: 'verdict', verdict });
  }

  #send(event: EventBody): void {
    this.#emit({ at: this.now, ...event });
  }
}

function threadRows({ io }: Verdict, { clients, model }: Snapshot): ThreadRow[] {
  const rows = io.map(({ call, client, accepts }): ThreadRow => {
    if (call === undefined)
      return { call: 'on a core', note: model === 'nonblocking' ? 'asks every client in turn' : 'computes' };
    const name = clients.find(({ id }) => id === client)?.name;
    const until =
      name !== undefined
        ? `${name} ${/^(write|send)/.test(call) ? 'reads' : 'sends'}`
        : accepts || clients.length === 0
          ? 'a client connects'
          : 'any client sends';
    return { call: `${call}(2)`, note: `asleep until ${until}`, ...(client !== undefined && { client }) };
  });
  if (rows.length <= MAX_THREADS + 1) return rows;
  const more = rows.length - MAX_THREADS;
  return [
    ...rows.slice(0, MAX_THREADS),
    { call: `${more} more threads`, note: 'each asleep in a call of its own' },
  ];
}
