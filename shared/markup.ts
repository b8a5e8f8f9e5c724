// HTML and SVG that cannot be broken by what is put into it: the values of a template are escaped, unless they are Html
// already. Servers' output gets into reports, and a server may print anything.

import { escapeUnprintable } from './escape.js';

export class Html {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Value = Html | string | number | undefined | readonly Value[];

/** A template: strings and numbers are escaped, Html is not, lists are joined, undefined is nothing. */
export function html(words: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(words.map((word, at) => (at === 0 ? word : render(values[at - 1]) + word)).join(''));
}

function render(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.source;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'object') return value.map(render).join('');
  return escapeMarkup(value);
}

/** Text for HTML, SVG or XML, also inside an attribute. Control characters, which XML cannot have, are shown as `\u{HEX}`. */
export function escapeMarkup(text: string): string {
  return escapeUnprintable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
