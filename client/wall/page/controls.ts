// Pause, steps, the scrubber, live, light and dark, the large QR code; all of it by keyboard too.

import type { Timeline } from '../timeline.js';
import { duration } from '../wording.js';
import { byId, remember, remembered, setText } from './dom.js';

const SCALE = 1_000;

export class Controls {
  readonly #timeline: Timeline;
  readonly #liveTime: () => number;
  readonly #onChange: () => void;
  readonly #pause = byId('pause', HTMLButtonElement);
  readonly #scrub = byId('scrub', HTMLInputElement);
  readonly #clock = byId('clock', HTMLOutputElement);
  /** The time that is shown; undefined: live. */
  #paused: number | undefined;

  /**
   * @param liveTime the time that is shown while not paused
   * @param onChange another time, or another theme, is to be shown
   */
  constructor(timeline: Timeline, liveTime: () => number, onChange: () => void) {
    this.#timeline = timeline;
    this.#liveTime = liveTime;
    this.#onChange = onChange;
    this.#pause.onclick = () => this.#set(this.#paused === undefined ? this.time : undefined);
    byId('back', HTMLButtonElement).onclick = () => this.#step(-1);
    byId('forward', HTMLButtonElement).onclick = () => this.#step(1);
    this.#scrub.oninput = () => {
      const value = Number(this.#scrub.value);
      const { first } = this.#timeline;
      const last = this.#liveTime();
      this.#set(value === SCALE ? undefined : first + ((last - first) * value) / SCALE);
    };
    addEventListener('keydown', (event) => this.#onKey(event));
    this.#themes();
    this.#largeCode();
  }

  get time(): number {
    return this.#paused ?? this.#liveTime();
  }

  get live(): boolean {
    return this.#paused === undefined;
  }

  /** The scrubber and the clock. */
  show(): void {
    const { first } = this.#timeline;
    const last = this.#liveTime();
    const share = last > first ? (this.time - first) / (last - first) : 1;
    if (document.activeElement !== this.#scrub || this.live)
      this.#scrub.value = String(this.live ? SCALE : Math.floor(share * SCALE));
    const ago = duration(Math.max(0, last - this.time));
    setText(this.#clock, this.live ? 'live' : `${ago} before the end`);
    this.#scrub.setAttribute('aria-valuetext', this.#clock.value);
    setText(this.#pause, this.live ? 'Pause' : 'Live');
  }

  #set(time: number | undefined): void {
    this.#paused = time;
    this.#onChange();
  }

  #step(direction: 1 | -1): void {
    const to = this.#timeline.step(this.time, direction);
    if (to !== undefined) this.#set(to);
  }

  #onKey(event: KeyboardEvent): void {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inRange = target instanceof HTMLInputElement;
    const onButton = target instanceof HTMLButtonElement;
    if (key === ' ' && !onButton) this.#pause.click();
    else if (key === 'ArrowLeft' && !inRange) this.#step(-1);
    else if (key === 'ArrowRight' && !inRange) this.#step(1);
    else return;
    event.preventDefault();
  }

  #themes(): void {
    const root = document.documentElement;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const button = byId('theme', HTMLButtonElement);
    const isDark = () => (root.dataset['theme'] ? root.dataset['theme'] === 'dark' : dark.matches);
    const show = () => {
      setText(button, isDark() ? 'Light' : 'Dark');
      this.#onChange();
    };
    const saved = remembered('theme');
    if (saved === 'light' || saved === 'dark') root.dataset['theme'] = saved;
    button.onclick = () => {
      const theme = isDark() ? 'light' : 'dark';
      root.dataset['theme'] = theme;
      remember('theme', theme);
      show();
    };
    dark.addEventListener('change', show);
    setText(button, isDark() ? 'Light' : 'Dark');
  }

  #largeCode(): void {
    const dialog = byId('large', HTMLDialogElement);
    byId('join', HTMLButtonElement).onclick = () => dialog.showModal();
    byId('close', HTMLButtonElement).onclick = () => dialog.close();
    dialog.onclick = ({ target }) => {
      if (target === dialog) dialog.close();
    };
  }
}
