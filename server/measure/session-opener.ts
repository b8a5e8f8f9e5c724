// How sessions are made: plain ones, or measured ones for a server that has a meter. Those are loaded only then.

import type { Durability } from '../core/durability.js';
import { Session } from '../core/session.js';
import type { Text } from '../core/text.js';

/** Makes the session of an accepted client. @param view the text as the thread of that client sees it */
export type OpenSession = (client: number, view?: Text) => Session;

export interface SessionContext {
  readonly text: Text;
  readonly journal?: Durability | undefined;
  /** The memory of a Meter; undefined: nothing is measured. */
  readonly meter: SharedArrayBuffer | undefined;
  /** The text for one client's session: the same one, unless its letters are logged. */
  readonly textFor: (client: number, text: Text) => Text;
}

export async function sessionOpener({ text, journal, meter, textFor }: SessionContext): Promise<OpenSession> {
  if (meter === undefined) return (client, view = text) => new Session(textFor(client, view), journal);
  const { measuredSession } = await import('./measured-session.js');
  const { Meter } = await import('./meter.js');
  const rows = new Meter(meter);
  return (client, view = text) => measuredSession(rows.claim(client), textFor(client, view), journal);
}
