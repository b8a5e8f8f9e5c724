// The memory that a text lives in, made here because threads want another kind than one thread alone.

/** The text's length in bytes stands at the front of its memory: who shares the memory shares the length. */
export const HEADER_BYTES = 8;

export type Memory = ArrayBuffer | SharedArrayBuffer;

/**
 * Memory for a text of at most `maxLength` bytes. It grows in place, so views into it stay valid; memory that threads
 * share has its full length at once, because growing would want a lock.
 */
export function textMemory(maxLength: number, shared = false): Memory {
  const maxByteLength = HEADER_BYTES + maxLength;
  if (shared) return new SharedArrayBuffer(maxByteLength);
  return new ArrayBuffer(Math.min(64 * 1024, maxByteLength), { maxByteLength });
}
