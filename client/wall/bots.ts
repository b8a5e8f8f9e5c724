// Clients that type at human pace, so that one person alone sees what a class sees. One of them goes to lunch, again and again.

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '../../shared/prng.js';
import { Bridge, type BridgeListener, type BridgeTarget } from './bridge.js';
import type { Participant, Room } from './room.js';

const NAMES = ['Ada', 'Barbara', 'Edsger', 'Grace', 'Ken', 'Leslie', 'Radia', 'Tony'] as const;
/** Grace, or the last one if there are fewer. */
const AT_LUNCH = 3;
/** The mean time between two letters of one bot, and the least. */
const PAUSE_MS = 900;
const LEAST_PAUSE_MS = 250;
/** Letters before lunch, and how long it takes. */
const LETTERS_BEFORE_LUNCH = 4;
const LUNCH_MS = 15_000;
/** Who is not answered stops typing. */
const MAX_UNANSWERED = 2;

export interface BotContext extends BridgeTarget, Pick<BridgeListener, 'onExtraLine'> {
  readonly room: Room;
  readonly random: Prng;
  readonly onEnd: (participant: Participant) => void;
  readonly signal: AbortSignal;
}

/** Resolves when all are connected; they type until the signal. @throws OperationalError if there is no server */
export async function startBots(count: number, context: BotContext): Promise<void> {
  setMaxListeners(0, context.signal); // two for each bot
  for (let index = 0; index < count; index += 1) {
    const base = NAMES[index % NAMES.length] ?? 'bot';
    const name = index < NAMES.length ? base : `${base} ${1 + Math.floor(index / NAMES.length)}`;
    const bridge = await connect(name, context);
    type(bridge, index === Math.min(AT_LUNCH, count - 1), context).catch(() => {}); // aborted
  }
}

async function connect(name: string, context: BotContext): Promise<Bridge> {
  const { text, room, onEnd, onExtraLine, signal } = context;
  const bridge = await Bridge.open(context, {
    onExtraLine,
    onAnswer: (offset) => text.setAuthor(offset, participant.id),
    onEnd: () => onEnd(participant),
  });
  const participant = room.join(room.identify(`bot ${name}`, name), 'bot', bridge.localPort, bridge);
  signal.addEventListener('abort', () => bridge.destroy());
  return bridge;
}

async function type(bridge: Bridge, hasLunch: boolean, { random, signal }: BotContext): Promise<void> {
  for (let letters = 1; ; letters += 1) {
    const pause = LEAST_PAUSE_MS - Math.log(1 - random.fraction()) * (PAUSE_MS - LEAST_PAUSE_MS);
    await sleep(pause, undefined, { signal });
    if (bridge.unanswered >= MAX_UNANSWERED) continue;
    bridge.send(String.fromCodePoint(0x61 + random.below(26)));
    if (hasLunch && letters % LETTERS_BEFORE_LUNCH === 0) await sleep(LUNCH_MS, undefined, { signal });
  }
}
