// The connected clients: every connection of the server with its name, whether a phone, a bot or a terminal. A phone that
// connects again is recognised by its token and keeps its name and colour.

import type { KernelView } from '../../shared/kernel-view.js';
import type { Bridge } from './bridge.js';
import type { KnownClient } from './snapshot.js';
import type { ClientInfo, ClientKind } from './wall-event.js';

/** Names of phones that are remembered. */
const MAX_IDENTITIES = 1_000;

export interface Identity {
  readonly name: string;
  readonly hue: number;
}

export interface Participant {
  readonly id: number;
  readonly identity: Identity;
  readonly kind: ClientKind;
  readonly peerPort: number;
  /** undefined for a terminal. */
  readonly bridge: Bridge | undefined;
  muted: boolean;
}

export class Room {
  readonly #byPort = new Map<number, Participant>();
  /** By token. */
  readonly #identities = new Map<string, Identity>();
  /** Ports of clients by their number in the server's log. */
  readonly #serverNumbers = new Map<number, number>();
  /** Ports that no participant has, as of the last sample. */
  #unknown: ReadonlySet<number> = new Set();
  readonly #onJoin: (participant: Participant) => void;
  readonly #onLeave: (participant: Participant) => void;
  #nextId = 1;
  #nextHue = 0;
  #terminals = 0;

  constructor(onJoin: (participant: Participant) => void, onLeave: (participant: Participant) => void) {
    this.#onJoin = onJoin;
    this.#onLeave = onLeave;
  }

  get participants(): Iterable<Participant> {
    return this.#byPort.values();
  }

  /** The name and colour for a token: as before, or new, with a number if another has the name. */
  identify(token: string, wanted: string): Identity {
    const known = this.#identities.get(token);
    if (known !== undefined) return known;
    const taken = new Set([...this.#identities.values()].map(({ name }) => name));
    let name = wanted;
    for (let number = 2; taken.has(name); number += 1) name = `${wanted} ${number}`;
    const identity = { name, hue: this.#nextHue };
    this.#nextHue += 1;
    const [oldest] = this.#identities.keys();
    if (this.#identities.size >= MAX_IDENTITIES && oldest !== undefined) this.#identities.delete(oldest);
    this.#identities.set(token, identity);
    return identity;
  }

  join(identity: Identity, kind: ClientKind, peerPort: number, bridge?: Bridge): Participant {
    const before = this.#byPort.get(peerPort);
    if (before !== undefined) this.leave(before); // a terminal, as long as the bridge was not known
    const participant: Participant = { id: this.#nextId, identity, kind, peerPort, bridge, muted: false };
    this.#nextId += 1;
    this.#byPort.set(peerPort, participant);
    this.#onJoin(participant);
    return participant;
  }

  leave(participant: Participant): void {
    if (this.#byPort.get(participant.peerPort) !== participant) return;
    this.#byPort.delete(participant.peerPort);
    this.#onLeave(participant);
  }

  byId(id: number): Participant | undefined {
    return [...this.#byPort.values()].find((participant) => participant.id === id);
  }

  /** The server's log has a new connection: of a terminal, or of a bridge that may not be known yet. */
  accepted(serverNumber: number, peerPort: number): void {
    this.#serverNumbers.set(serverNumber, peerPort);
  }

  /** The server's log has closed it. */
  closed(serverNumber: number): void {
    const participant = this.#byPort.get(this.#serverNumbers.get(serverNumber) ?? -1);
    this.#serverNumbers.delete(serverNumber);
    if (participant?.kind === 'terminal') this.leave(participant);
  }

  /** Who has appended a letter. A bridge is known before it sends one, so an unknown client is a terminal. */
  author(serverNumber: number): Participant | undefined {
    const port = this.#serverNumbers.get(serverNumber);
    return port === undefined ? undefined : (this.#byPort.get(port) ?? this.#joinTerminal(port));
  }

  /**
   * Follows a sample: terminals come and go. One that comes is there in two samples, for it may be a bridge that is not known yet.
   * @param ended clients whose bridge has ended
   */
  follow(view: KernelView, ended: ReadonlySet<Participant>): void {
    if (!view.available) {
      for (const participant of ended) this.leave(participant);
      return;
    }
    const open = new Set(
      view.connections.filter(({ state }) => state !== 'closing').map(({ peerPort }) => peerPort),
    );
    const unknown = [...open].filter((port) => !this.#byPort.has(port));
    for (const port of unknown) if (this.#unknown.has(port)) this.#joinTerminal(port);
    this.#unknown = new Set(unknown);
    for (const participant of [...this.#byPort.values()]) {
      const { kind, peerPort } = participant;
      if (!open.has(peerPort) && (kind === 'terminal' || ended.has(participant))) this.leave(participant);
    }
  }

  known(now: number): KnownClient[] {
    return [...this.#byPort.values()].map(({ id, identity: { name }, peerPort, bridge }) => ({
      id,
      name,
      peerPort,
      unanswered: bridge?.unanswered ?? 0,
      unansweredMs: bridge?.unansweredMs(now) ?? 0,
    }));
  }

  #joinTerminal(peerPort: number): Participant {
    this.#terminals += 1;
    const identity = { name: `terminal ${this.#terminals}`, hue: this.#nextHue };
    this.#nextHue += 1;
    return this.join(identity, 'terminal', peerPort);
  }
}

export function infoOf({ id, identity, kind, muted }: Participant): ClientInfo {
  return { id, name: identity.name, kind, hue: identity.hue, muted };
}
