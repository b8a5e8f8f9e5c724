// All that a wall has shown, so that any moment of it can be shown again: one track of changes for each thing, searched by
// time. So a moment costs a search in each track, however long the recording is. Used in browsers.

import type {
  ClientInfo,
  ClientStatus,
  Figures,
  Headline,
  Keyframe,
  ThreadRow,
  WallEvent,
} from './wall-event.js';

/** Values and when each of them began, in order. */
export class Track<T> {
  readonly times: number[] = [];
  readonly values: T[] = [];

  add(at: number, value: T): void {
    this.times.push(at);
    this.values.push(value);
  }

  /** The value at a time; undefined before the first. */
  at(time: number): T | undefined {
    return this.values[countUpTo(this.times, time) - 1];
  }

  /** The values that began after `from` and up to `to`. */
  *between(from: number, to: number): Generator<readonly [at: number, value: T]> {
    for (let index = countUpTo(this.times, from); ; index += 1) {
      const [at, value] = [this.times[index], this.values[index]];
      if (at === undefined || at > to) return;
      yield [at, value as T];
    }
  }

  /** Forgets what was over before this time. */
  prune(before: number): void {
    const over = countUpTo(this.times, before) - 1;
    if (over <= 0) return;
    this.times.splice(0, over);
    this.values.splice(0, over);
  }
}

export interface ClientTracks {
  /** undefined: it is not connected. */
  readonly info: Track<ClientInfo | undefined>;
  readonly status: Track<ClientStatus>;
  readonly letters: Track<string>;
}

export interface ClientMoment {
  readonly info: ClientInfo;
  readonly status: ClientStatus;
  readonly letters: number;
  readonly tracks: ClientTracks;
}

/** What the wall shows at one time. */
export interface Moment {
  readonly at: number;
  readonly title: string;
  readonly locked: boolean;
  readonly verdict: Headline;
  readonly figures: Figures;
  readonly threads: readonly ThreadRow[];
  readonly clients: readonly ClientMoment[];
  /** Letters of the text then. */
  readonly length: number;
  /** Letters that were appended in the last RATE_MS. */
  readonly lettersPerSecond: number;
}

const RATE_MS = 5_000;
const SILENT: ClientStatus = { state: 'silent', since: 0 };
const NOTHING: Headline = { tone: 'calm', headline: 'Connecting', why: '', blockers: [] };

export class Timeline {
  /** The text: its letters, who wrote each, and when it was appended. */
  readonly letters: string[] = [];
  readonly authors: number[] = [];
  readonly clients = new Map<number, ClientTracks>();
  readonly #letterTimes: number[] = [];
  readonly #title = new Track<string>();
  readonly #locked = new Track<boolean>();
  readonly #verdict = new Track<Headline>();
  readonly #figures = new Track<Figures>();
  readonly #threads = new Track<readonly ThreadRow[]>();
  /** When something happened that is worth a step. */
  readonly #steps: number[] = [];
  /** Of the first and of the last event. */
  first = 0;
  last = 0;
  /** Bytes of the text. */
  offset = 0;
  #empty = true;

  apply(event: WallEvent) {
    const { at } = event;
    if (this.#empty) this.first = at;
    this.#empty = false;
    this.last = Math.max(this.last, at);
    if (event.type !== 'figures' && event.type !== 'threads' && this.#steps.at(-1) !== at)
      this.#steps.push(at);
    switch (event.type) {
      case 'keyframe':
        return this.#applyKeyframe(event);
      case 'text':
        return this.#append(event);
      case 'client':
        return this.#tracks(event.client.id).info.add(at, event.client);
      case 'left':
        return this.#tracks(event.client).info.add(at, undefined);
      case 'state':
        return this.#tracks(event.client).status.add(at, event.status);
      case 'verdict':
        return this.#verdict.add(at, event.verdict);
      case 'figures':
        return this.#figures.add(at, event.figures);
      case 'threads':
        return this.#threads.add(at, event.threads);
      case 'locked':
        return this.#locked.add(at, event.locked);
    }
  }

  at(time: number): Moment {
    const length = countUpTo(this.#letterTimes, time);
    const clients = [...this.clients.values()].flatMap((tracks): ClientMoment[] => {
      const info = tracks.info.at(time);
      if (info === undefined) return [];
      const status = tracks.status.at(time) ?? SILENT;
      return [{ info, status, letters: countUpTo(tracks.letters.times, time), tracks }];
    });
    return {
      at: time,
      title: this.#title.at(time) ?? '',
      locked: this.#locked.at(time) ?? false,
      verdict: this.#verdict.at(time) ?? NOTHING,
      figures: this.#figures.at(time) ?? { notAccepted: 0 },
      threads: this.#threads.at(time) ?? [],
      clients,
      length,
      lettersPerSecond: (1000 * (length - countUpTo(this.#letterTimes, time - RATE_MS))) / RATE_MS,
    };
  }

  /** Who has this number, whenever that was. */
  client(id: number): ClientInfo | undefined {
    return this.clients.get(id)?.info.values.findLast((info) => info !== undefined);
  }

  /** The time of the next or previous event that changed what is seen; undefined if there is none. */
  step(from: number, direction: 1 | -1): number | undefined {
    const index = countUpTo(this.#steps, direction === 1 ? from : from - 0.5);
    return this.#steps[direction === 1 ? index : index - 1];
  }

  /** Forgets what was over before this time, but no letter. */
  prune(before: number): void {
    const shared = [this.#title, this.#locked, this.#verdict, this.#figures, this.#threads];
    for (const track of shared) track.prune(before);
    for (const [id, { info, status, letters }] of this.clients) {
      info.prune(before);
      status.prune(before);
      const gone = info.values.length === 1 && info.values[0] === undefined;
      if (gone && letters.times.length === 0) this.clients.delete(id);
    }
    this.#steps.splice(0, countUpTo(this.#steps, before));
    this.first = Math.max(this.first, before);
  }

  #tracks(id: number): ClientTracks {
    const known = this.clients.get(id);
    if (known !== undefined) return known;
    const tracks = {
      info: new Track<ClientInfo | undefined>(),
      status: new Track<ClientStatus>(),
      letters: new Track<string>(),
    };
    this.clients.set(id, tracks);
    return tracks;
  }

  #applyKeyframe({ at, title, locked, clients, states, verdict, figures, threads }: Keyframe): void {
    this.#title.add(at, title);
    this.#locked.add(at, locked);
    this.#verdict.add(at, verdict);
    this.#figures.add(at, figures);
    this.#threads.add(at, threads);
    const present = new Set(clients.map(({ id }) => id));
    for (const [id, { info }] of this.clients)
      if (!present.has(id) && info.values.at(-1) !== undefined) info.add(at, undefined);
    for (const client of clients) this.#tracks(client.id).info.add(at, client);
    for (const [id, status] of states) this.#tracks(id).status.add(at, status);
  }

  #append({ at, offset, letters, authors }: Extract<WallEvent, { type: 'text' }>): void {
    if (offset <= this.offset) return; // what was sent before the connection broke
    this.offset = offset;
    const all = [...letters];
    let index = 0;
    for (const [author, count] of authors) {
      for (const letter of all.slice(index, index + count)) {
        this.letters.push(letter);
        this.authors.push(author);
        this.#letterTimes.push(at);
        if (author !== 0) this.#tracks(author).letters.add(at, letter);
      }
      index += count;
    }
  }
}

/** How many of these ascending numbers are at most `limit`. */
export function countUpTo(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
