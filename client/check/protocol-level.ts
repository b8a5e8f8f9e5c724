// How much of the protocol a server claims to implement.

/**
 * tutorial: LF is a letter like any other, as for the tutorial's own server. line: LF is answered with LF alone. full: also
 * UTF-8, control characters and limits. Each level includes those before it.
 */
export const LEVELS = ['tutorial', 'line', 'full'] as const;
export type Level = (typeof LEVELS)[number];
