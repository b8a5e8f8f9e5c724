// The end of the shared string: letters in ink, each author's as an underline and a tint.

import { escapeUnprintable } from '../../../shared/escape.js';
import type { Timeline } from '../timeline.js';
import { byId, create, hueVariable, lineStyle, setText } from './dom.js';

/** Letters that are shown: more than any screen has room for. */
const SHOWN = 400;

export class TextView {
  readonly #element = byId('text', HTMLElement);
  readonly #length = byId('length', HTMLElement);
  #shown = -1;

  /** @param length how many letters of the timeline's text to show */
  show(timeline: Timeline, length: number): void {
    if (length === this.#shown) return;
    this.#shown = length;
    setText(this.#length, length === 1 ? '1 letter' : `${length.toLocaleString('en')} letters`);
    const first = Math.max(0, length - SHOWN);
    const runs: Node[] = first > 0 ? [create('span', 'before', '…')] : [];
    for (let index = first; index < length; ) {
      const author = timeline.authors[index];
      let end = index;
      while (end < length && timeline.authors[end] === author) end += 1;
      runs.push(run(timeline, author ?? 0, timeline.letters.slice(index, end).join('')));
      index = end;
    }
    this.#element.replaceChildren(...runs);
    this.#element.scrollTop = this.#element.scrollHeight;
  }

  /** When another text is to be shown. */
  reset(): void {
    this.#shown = -1;
  }
}

function run(timeline: Timeline, author: number, letters: string): HTMLElement {
  const info = timeline.client(author);
  const element = create('i', '', escapeUnprintable(letters).replaceAll(' ', '\u00a0'));
  element.title = info?.name ?? 'an unknown client';
  if (info !== undefined) {
    element.style.setProperty('--c', `var(${hueVariable(info.hue)})`);
    element.dataset['line'] = lineStyle(info.hue);
  }
  return element;
}
