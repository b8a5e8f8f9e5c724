// HTML that cannot be broken by what is put into it: what stands between the words of a template is escaped, unless it
// is HTML already. Servers' output gets into reports, and a server may say anything.

import { escapeUnprintable } from '../../../shared/escape.js';

export class Html {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Part = Html | string | number | undefined | readonly Part[];

/** A template for HTML: strings and numbers are escaped, Html is not, lists are joined, undefined is nothing. */
export function html(words: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(words.map((word, at) => (at === 0 ? word : written(parts[at - 1]) + word)).join(''));
}

function written(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.source;
  if (typeof part === 'object') return part.map(written).join('');
  return escapeUnprintable(String(part))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
