// Plays act two: the same keystrokes to four real servers, one for each I/O model, while client 1 is out to lunch. A
// model that does not do as it promises is given time, and then shown as it is.

import { broken, expectedAnswers, isSettled, LETTERS, MODELS, type Outcome, WORD } from './expectations.js';
import { ModelPane } from './model-pane.js';
import type { Pane } from './pane-layout.js';

/** How long an answer may take, and how long it may take until the figures are as promised: the machine may be busy. */
const ANSWER_MS = 30_000;
const FIGURES_MS = 30_000;

/** What is to be seen at one moment. */
export interface Scene {
  readonly caption: string;
  /** One for each of MODELS. */
  readonly panes: readonly Pane[];
}

/** How many frames to wait, for people. */
export interface Pace {
  /** After each keystroke. */
  readonly stepFrames: number;
  /** When everything has been typed, and when client 1 has left. */
  readonly endFrames: number;
}

export interface Lunch {
  /** While client 1 is still at lunch. */
  readonly scene: Scene;
  readonly outcomes: readonly Outcome[];
}

type OnFrame = (scene: Scene) => Promise<void>;

/**
 * Plays the act. The programs have ended when it settles.
 * @param onFrame is awaited again and again and takes the time of a frame; when it rejects, the act is broken off and
 * this rejects too
 * @throws Error that shows the screen of a program that did not start as it should
 */
export async function outToLunch({ stepFrames, endFrames }: Pace, onFrame: OnFrame): Promise<Lunch> {
  const room = new Room(onFrame);
  const { tables } = room;
  try {
    room.caption = 'Four servers start, each with another I/O model.';
    await room.all((table) => table.startServer());
    await room.frames(stepFrames);
    room.caption = 'Client 1 comes first, to each of them, and goes out to lunch.';
    await room.all((table) => table.startClient1());
    await room.frames(stepFrames);
    room.caption = 'Client 1 is out to lunch. Client 2 types: the same keystrokes to four servers.';
    await room.all((table) => table.startClient2());
    await room.frames(stepFrames);
    await typeWord(room, stepFrames);
    await room.frames(endFrames);
    await room.until(
      ({ model, figures }) => isSettled(figures) && broken(model, figures).length === 0,
      FIGURES_MS,
    );
    const { scene } = room;
    const seen = tables.map(({ model, figures }) => ({ model, atLunch: figures }));

    room.caption = 'Client 1 is back, and leaves.';
    await room.all((table) => table.endLunch());
    await room.until(({ figures }) => figures.answered === LETTERS, ANSWER_MS);
    await room.frames(endFrames);
    const answered = tables.map(({ figures }) => figures.answered);
    return {
      scene,
      outcomes: seen.map((one, index) => ({ ...one, answeredAfterLunch: answered[index] ?? 0 })),
    };
  } finally {
    await Promise.all(tables.map((table) => table.close()));
  }
}

/** Client 2 goes on typing, whether it is answered or not; only who promises to answer is waited for. */
async function typeWord(room: Room, stepFrames: number): Promise<void> {
  for (const [index, letter] of [...WORD].entries()) {
    for (const { client2 } of room.tables) client2.type(letter);
    await room.frames(stepFrames);
    for (const { client2 } of room.tables) client2.type('\r');
    await room.until(
      ({ model, figures }) => figures.answered >= expectedAnswers(model, index + 1),
      ANSWER_MS,
    );
    await room.frames(stepFrames);
  }
}

/** The four tables, and how time passes there: frame by frame. */
class Room {
  readonly tables: readonly ModelPane[] = MODELS.map((model) => new ModelPane(model));
  caption = '';
  readonly #onFrame: OnFrame;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  get scene(): Scene {
    return { caption: this.caption, panes: this.tables.map(({ pane }) => pane) };
  }

  async frames(count: number): Promise<void> {
    for (let shown = 0; shown < count; shown += 1) await this.#frame();
  }

  /** The same at every table, at the same time. */
  async all(action: (table: ModelPane) => Promise<void>): Promise<void> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    const work = Promise.all(this.tables.map(action));
    work.then(settle, settle);
    while (!settled) await this.#frame();
    await work;
  }

  /** Goes on when it is so at every table, or when that has taken too long. */
  async until(met: (table: ModelPane) => boolean, patienceMs: number): Promise<void> {
    const deadline = performance.now() + patienceMs;
    do await this.#frame();
    while (!this.tables.every(met) && performance.now() < deadline);
  }

  async #frame(): Promise<void> {
    for (const table of this.tables) table.look();
    await this.#onFrame(this.scene);
  }
}
