// A recording: the wall's events in a file, one JSON object a line, with a keyframe first and now and then.

import { once } from 'node:events';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { describe, OperationalError } from '../../shared/errors.js';
import { splitLines } from '../../shared/line-splitter.js';
import { parseEvent, type WallEvent } from './wall-event.js';

/** Events between two keyframes. */
const KEYFRAME_EVENTS = 1_000;
/** Bytes. A keyframe of 1,000 clients has some 200 KB. */
const MAX_LINE = 4 * 1024 * 1024;
/** More events than this that the disk has not taken end the recording. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;

export class Recorder {
  readonly #stream: WriteStream;
  readonly #keyframe: () => WallEvent;
  #sinceKeyframe = 0;
  #failed = false;

  /**
   * @param keyframe all that is shown now
   * @param onFailure the recording has ended before its time
   * @throws OperationalError if the file exists or cannot be written
   */
  static async create(
    file: string,
    keyframe: () => WallEvent,
    onFailure: (why: string) => void,
  ): Promise<Recorder> {
    const stream = createWriteStream(file, { flags: 'wx', mode: 0o600 });
    await once(stream, 'open').catch((error: unknown) => {
      const why = describe(error).startsWith('EEXIST') ? 'it exists; choose another name' : describe(error);
      throw new OperationalError('RECORD', `cannot record to ${file}: ${why}`, error);
    });
    return new Recorder(stream, keyframe, onFailure);
  }

  private constructor(stream: WriteStream, keyframe: () => WallEvent, onFailure: (why: string) => void) {
    this.#stream = stream;
    this.#keyframe = keyframe;
    stream.on('error', (error) => this.#fail(describe(error), onFailure));
    this.record = (event) => {
      if (this.#failed) return;
      if (stream.writableLength > MAX_PENDING_BYTES) return this.#fail('the disk is too slow', onFailure);
      if (this.#sinceKeyframe % KEYFRAME_EVENTS === 0) this.#write({ ...this.#keyframe(), at: event.at });
      this.#sinceKeyframe += 1;
      this.#write(event);
    };
  }

  readonly record: (event: WallEvent) => void;

  async close(): Promise<void> {
    if (this.#failed) return;
    this.#stream.end();
    await once(this.#stream, 'close').catch(() => {}); // reported already
  }

  #write(event: WallEvent): void {
    this.#stream.write(`${JSON.stringify(event)}\n`);
  }

  #fail(why: string, onFailure: (why: string) => void): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#stream.destroy();
    onFailure(why);
  }
}

/**
 * Reads a recording to its end.
 * @returns how many events it has
 * @throws OperationalError that names the first line that is damaged
 */
export async function checkRecording(file: string): Promise<number> {
  const stream = createReadStream(file);
  let [line, last] = [0, 0];
  const damaged = (why: string, cause?: unknown) =>
    new OperationalError('DAMAGED', `${file} is damaged in line ${line}: ${why}`, cause);
  try {
    for await (const text of splitLines(stream, { maxLength: MAX_LINE })) {
      line += 1;
      const event = readEvent(text, damaged);
      if (line === 1 && event.type !== 'keyframe') throw damaged('a recording begins with a keyframe');
      if (event.at < last) throw damaged('its time is before that of the line above');
      last = event.at;
    }
  } catch (error) {
    if (error instanceof OperationalError) throw error;
    throw new OperationalError('REPLAY', `cannot read ${file}: ${describe(error)}`, error);
  }
  if (line === 0) throw new OperationalError('DAMAGED', `${file} is empty`);
  return line;
}

function readEvent(text: string, damaged: (why: string, cause?: unknown) => Error): WallEvent {
  try {
    return parseEvent(text);
  } catch (error) {
    throw damaged(error instanceof SyntaxError ? 'it is no JSON' : describe(error), error);
  }
}
