// Small helpers for the page's elements. Text is only ever set as text, never as markup.

/** @throws Error if the page has no such element: a bug */
export function byId<E extends HTMLElement>(id: string, type: new () => E): E {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`the page has no ${type.name} #${id}`);
}

/** Sets a text; the same text again costs nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

/** Eight colours, and three line styles: 24 authors can be told apart. */
const HUES = 8;
export const LINE_STYLES = ['solid', 'dashed', 'double'] as const;

export function hueVariable(hue: number): string {
  return `--author-${hue % HUES}`;
}

export function lineStyle(hue: number): (typeof LINE_STYLES)[number] {
  return LINE_STYLES[Math.floor(hue / HUES) % LINE_STYLES.length] ?? 'solid';
}

export const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
export const narrow = matchMedia('(max-width: 760px)');

/** What phones and walls remember; a browser may forbid it. */
export function remembered(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {} // for this page only, then
}
