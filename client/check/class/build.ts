// Runs the compiler for a submission, with the same limits on what it leaves behind as a server has.

import { IsolatedProcess } from '../isolated-process.js';

const DEADLINE_MS = 60_000;

/** @returns in a line why it failed */
export async function build(command: readonly string[], folder: string): Promise<string | undefined> {
  const compiler = new IsolatedProcess(command, folder);
  const deadline = setTimeout(() => compiler.kill(`no end in ${DEADLINE_MS / 1000} s`), DEADLINE_MS);
  await compiler.exited;
  clearTimeout(deadline);
  await compiler.stop();
  if (compiler.ended === 'exit status 0') return undefined;
  const line = compiler.output.split('\n').find((text) => /error|not found/i.test(text));
  return `${command[0]} failed: ${line?.trim() ?? compiler.ended}`;
}
