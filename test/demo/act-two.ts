// Act two: the same keystrokes to four real servers, one for each I/O model, while client 1 is out to lunch. A model that
// is not as expected gets time, and is then shown as it is.

import {
  expectedAnswers,
  isSettled,
  LETTERS,
  MODELS,
  type Outcome,
  unmetAtLunch,
  WORD,
} from './expectations.js';
import { ModelPane } from './model-pane.js';
import type { Pane } from './pane-layout.js';

/** How long an answer may take, and all expectations to be met: the machine may be busy. */
const ANSWER_MS = 30_000;
const SETTLE_MS = 30_000;

/** The screen at one moment. */
export interface ModelScene {
  readonly caption: string;
  /** One for each of MODELS. */
  readonly panes: readonly Pane[];
}

/** How many frames to wait, for viewers. */
export interface Pace {
  /** After each keystroke. */
  readonly stepFrames: number;
  /** After the last keystroke, and after client 1 has left. */
  readonly endFrames: number;
}

export interface Lunch {
  /** While client 1 is still at lunch. */
  readonly scene: ModelScene;
  readonly outcomes: readonly Outcome[];
}

type OnFrame = (scene: ModelScene) => Promise<void>;

/**
 * Plays the act. The programs have ended when it settles.
 * @param onFrame is awaited again and again and takes the time of a frame; when it rejects, the act is aborted and
 * this rejects too
 * @throws Error that shows the screen of a program that did not start as it should
 */
export async function outToLunch({ stepFrames, endFrames }: Pace, onFrame: OnFrame): Promise<Lunch> {
  const stage = new Stage(onFrame);
  const { panes } = stage;
  try {
    stage.caption = 'Four servers start, each with another I/O model.';
    await stage.all((pane) => pane.startServer());
    await stage.frames(stepFrames);
    stage.caption = 'Client 1 comes first, to each of them, and goes out to lunch.';
    await stage.all((pane) => pane.startClient1());
    await stage.frames(stepFrames);
    stage.caption = 'Client 1 is out to lunch. Client 2 types: the same keystrokes to four servers.';
    await stage.all((pane) => pane.startClient2());
    await stage.frames(stepFrames);
    await typeWord(stage, stepFrames);
    await stage.frames(endFrames);
    await stage.until(
      ({ model, observed }) => isSettled(observed) && unmetAtLunch(model, observed).length === 0,
      SETTLE_MS,
    );
    const { scene } = stage;
    const atLunch = panes.map(({ model, observed }) => ({ model, atLunch: observed }));

    stage.caption = 'Client 1 is back, and leaves.';
    await stage.all((pane) => pane.endLunch());
    await stage.until(({ observed }) => observed.answered === LETTERS, ANSWER_MS);
    await stage.frames(endFrames);
    const answered = panes.map(({ observed }) => observed.answered);
    return {
      scene,
      outcomes: atLunch.map((outcome, index) => ({ ...outcome, answeredAfterLunch: answered[index] ?? 0 })),
    };
  } finally {
    await Promise.all(panes.map((pane) => pane.close()));
  }
}

/** Client 2 keeps typing, answered or not; only expected answers are awaited. */
async function typeWord(stage: Stage, stepFrames: number): Promise<void> {
  for (const [index, letter] of [...WORD].entries()) {
    for (const { client2 } of stage.panes) client2.type(letter);
    await stage.frames(stepFrames);
    for (const { client2 } of stage.panes) client2.type('\r');
    await stage.until(
      ({ model, observed }) => observed.answered >= expectedAnswers(model, index + 1),
      ANSWER_MS,
    );
    await stage.frames(stepFrames);
  }
}

/** The four panes; time passes frame by frame. */
class Stage {
  readonly panes: readonly ModelPane[] = MODELS.map((model) => new ModelPane(model));
  caption = '';
  readonly #onFrame: OnFrame;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  get scene(): ModelScene {
    return { caption: this.caption, panes: this.panes.map(({ pane }) => pane) };
  }

  async frames(count: number): Promise<void> {
    for (let shown = 0; shown < count; shown += 1) await this.#frame();
  }

  /** Does the same in all panes at the same time. */
  async all(action: (pane: ModelPane) => Promise<void>): Promise<void> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    const work = Promise.all(this.panes.map(action));
    work.then(settle, settle);
    while (!settled) await this.#frame();
    await work;
  }

  /** Waits until the condition holds in all panes, or the timeout. */
  async until(met: (pane: ModelPane) => boolean, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    do await this.#frame();
    while (!this.panes.every(met) && performance.now() < deadline);
  }

  async #frame(): Promise<void> {
    for (const pane of this.panes) pane.observe();
    await this.#onFrame(this.scene);
  }
}
