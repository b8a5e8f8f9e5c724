// The pages that show the wall, over server-sent events. A viewer's position in the text is one number, so one that is slow
// costs nothing: what it has not taken is not queued. It misses states, never letters, and gets a keyframe when it reads again.
// What it misses is counted.

import type { ServerResponse } from 'node:http';
import type { SharedText } from './shared-text.js';
import type { WallEvent } from './wall-event.js';

/** Above this, nothing more is written to a viewer until it has read. */
const MAX_UNSENT_BYTES = 256 * 1024;
export const MAX_VIEWERS = 50;
/** Proxies and browsers end a silent stream. */
const HEARTBEAT_MS = 15_000;

interface Viewer {
  readonly response: ServerResponse;
  /** Up to which offset it has the text. */
  offset: number;
  behind: boolean;
}

export class Viewers {
  readonly #viewers = new Set<Viewer>();
  readonly #text: SharedText;
  readonly #keyframe: () => WallEvent;
  readonly #now: () => number;
  readonly #onDropped: () => void;
  readonly #heartbeat: NodeJS.Timeout;

  /**
   * @param now the wall's time
   * @param onDropped a viewer that does not read has missed an event
   */
  constructor(text: SharedText, keyframe: () => WallEvent, now: () => number, onDropped: () => void) {
    this.#text = text;
    this.#keyframe = keyframe;
    this.#now = now;
    this.#onDropped = onDropped;
    this.#heartbeat = setInterval(() => {
      for (const { response, behind } of this.#viewers) if (!behind) response.write(': \n\n');
    }, HEARTBEAT_MS);
  }

  get size(): number {
    return this.#viewers.size;
  }

  /** @param from the offset up to which it has the text, such as its Last-Event-ID */
  add(response: ServerResponse, from: number): void {
    const viewer: Viewer = { response, offset: Math.min(from, this.#text.passedOn), behind: false };
    this.#viewers.add(viewer);
    response.on('close', () => this.#viewers.delete(viewer));
    response.on('drain', () => {
      if (viewer.behind) this.#catchUp(viewer);
    });
    this.#catchUp(viewer);
  }

  send(event: WallEvent): void {
    if (this.#viewers.size === 0) return;
    const frame = event.type === 'text' ? undefined : frameOf(event);
    for (const viewer of this.#viewers) {
      if (viewer.response.writableLength > MAX_UNSENT_BYTES) viewer.behind = true;
      if (viewer.behind) this.#onDropped();
      else if (frame === undefined) this.#sendText(viewer);
      else viewer.response.write(frame);
    }
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const { response } of this.#viewers) response.end();
  }

  #catchUp(viewer: Viewer): void {
    viewer.behind = false;
    viewer.response.write(frameOf(this.#keyframe()));
    this.#sendText(viewer);
  }

  #sendText(viewer: Viewer): void {
    const { passedOn } = this.#text;
    if (viewer.offset >= passedOn) return;
    const event: WallEvent = {
      at: this.#now(),
      type: 'text',
      ...this.#text.between(viewer.offset, passedOn),
    };
    viewer.offset = passedOn;
    viewer.response.write(`id: ${passedOn}\n${frameOf(event)}`);
  }
}

function frameOf(event: WallEvent): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}
