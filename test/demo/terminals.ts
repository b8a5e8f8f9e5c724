// What the demo needs of programs in terminals, for both acts.

import { PtyProgram } from '../support/pty-program.js';

/** Wide enough for every line of `strsvr --verbose`. */
const COLUMNS = 100;

/** @param path of a built file, such as `client/strclnt.js` */
export function terminal(path: string): PtyProgram {
  return new PtyProgram(path, { columns: COLUMNS });
}

/** Waits until a server listens. @returns its port */
export async function portOf(server: PtyProgram): Promise<string> {
  let port = '';
  await server.waitFor('the listening line', (lines) => {
    port = /^listening on .*:(\d+) /m.exec(lines.join('\n'))?.[1] ?? '';
    return port !== '';
  });
  return port;
}

/** A predicate: some line begins like this. */
export function some(start: string): (lines: readonly string[]) => boolean {
  return (lines) => lines.some((line) => line.startsWith(start));
}
