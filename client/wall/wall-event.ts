// What a wall shows, as a stream of events: the pages receive them, a recording is a file of them, one JSON object a line.
// Used by the server and in browsers, so it imports nothing but words.

import { CLIENT_STATES, type ClientState } from './wording.js';

export type ClientKind = 'phone' | 'terminal' | 'bot';

export interface ClientInfo {
  /** From 1; each connection has its own. 0 stands for an unknown author. */
  readonly id: number;
  readonly name: string;
  readonly kind: ClientKind;
  /** Which colour and line style; a phone that connects again keeps it. */
  readonly hue: number;
  readonly muted: boolean;
}

export interface ClientStatus {
  readonly state: ClientState;
  /** Since when, as `at` of events. */
  readonly since: number;
}

export interface Headline {
  readonly tone: 'calm' | 'waiting';
  readonly headline: string;
  readonly why: string;
  /** When the longest wait began; undefined if no client waits. */
  readonly since?: number;
  readonly blockers: readonly number[];
}

export interface Figures {
  readonly ioThreads?: number;
  /** Share of one core. */
  readonly cpuWanted?: number;
  readonly residentMiB?: number;
  readonly notAccepted: number;
}

export interface ThreadRow {
  /** `recvfrom(2)`, or `on a core`. */
  readonly call: string;
  readonly note: string;
  readonly client?: number;
}

/** `at` is in milliseconds since the wall started, and never less than that of the event before. */
export type WallEvent = { readonly at: number } & (
  | {
      readonly type: 'keyframe';
      /** How the server was started, or where it is. */
      readonly title: string;
      /** What phones open. */
      readonly join: string;
      /** When the wall started, in milliseconds since 1970. */
      readonly startedAt: number;
      readonly locked: boolean;
      readonly clients: readonly ClientInfo[];
      readonly states: ReadonlyArray<readonly [client: number, status: ClientStatus]>;
      readonly verdict: Headline;
      readonly figures: Figures;
      readonly threads: readonly ThreadRow[];
    }
  /** Letters at the end of the text, whose length in bytes is `offset` then, and who wrote how many of them in a row. */
  | {
      readonly type: 'text';
      readonly offset: number;
      readonly letters: string;
      readonly authors: ReadonlyArray<readonly [client: number, letters: number]>;
    }
  | { readonly type: 'client'; readonly client: ClientInfo }
  | { readonly type: 'left'; readonly client: number }
  | { readonly type: 'state'; readonly client: number; readonly status: ClientStatus }
  | { readonly type: 'verdict'; readonly verdict: Headline }
  | { readonly type: 'figures'; readonly figures: Figures }
  | { readonly type: 'threads'; readonly threads: readonly ThreadRow[] }
  | { readonly type: 'locked'; readonly locked: boolean }
);

export type Keyframe = Extract<WallEvent, { type: 'keyframe' }>;

/**
 * Reads a line of a recording.
 * @throws Error that says what is wrong with it
 */
export function parseEvent(line: string): WallEvent {
  const event: unknown = JSON.parse(line);
  if (!isObject(event)) throw new Error('it is no object');
  if (!isTime(event['at'])) throw new Error('"at" is no time');
  const check = CHECKS.get(String(event['type']));
  if (check === undefined) throw new Error(`there is no type ${JSON.stringify(event['type'])}`);
  if (!check(event)) throw new Error(`it is no event of type ${event['type']}`);
  return event as unknown as WallEvent;
}

type Fields = Readonly<Record<string, unknown>>;

const CHECKS: ReadonlyMap<string, (event: Fields) => boolean> = new Map(
  Object.entries({
    keyframe: ({ title, join, startedAt, locked, clients, states, verdict, figures, threads }) =>
      typeof title === 'string' &&
      typeof join === 'string' &&
      isTime(startedAt) &&
      typeof locked === 'boolean' &&
      isArray(clients, isClient) &&
      isArray(states, (pair) => Array.isArray(pair) && isTime(pair[0]) && isStatus(pair[1])) &&
      isHeadline(verdict) &&
      isObject(figures) &&
      isArray(threads, isThread),
    text: ({ offset, letters, authors }) =>
      isTime(offset) &&
      typeof letters === 'string' &&
      isArray(authors, (run) => Array.isArray(run) && isTime(run[0]) && isTime(run[1])),
    client: ({ client }) => isClient(client),
    left: ({ client }) => isTime(client),
    state: ({ client, status }) => isTime(client) && isStatus(status),
    verdict: ({ verdict }) => isHeadline(verdict),
    figures: ({ figures }) => isObject(figures),
    threads: ({ threads }) => isArray(threads, isThread),
    locked: ({ locked }) => typeof locked === 'boolean',
  } satisfies Record<WallEvent['type'], (event: Fields) => boolean>),
);

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isArray(value: unknown, of: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(of);
}

function isClient(value: unknown): boolean {
  return isObject(value) && isTime(value['id']) && typeof value['name'] === 'string' && isTime(value['hue']);
}

function isStatus(value: unknown): boolean {
  const states: readonly unknown[] = CLIENT_STATES;
  return isObject(value) && states.includes(value['state']) && isTime(value['since']);
}

function isHeadline(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value['headline'] === 'string' &&
    typeof value['why'] === 'string' &&
    isArray(value['blockers'], isTime)
  );
}

function isThread(value: unknown): boolean {
  return isObject(value) && typeof value['call'] === 'string' && typeof value['note'] === 'string';
}
