// What a phone receives over its WebSocket. Used by the server and in browsers.

import type { ClientState } from './wording.js';

/** What a phone receives, as JSON. */
export type PhoneMessage =
  | { readonly type: 'welcome'; readonly name: string; readonly hue: number; readonly title: string }
  | { readonly type: 'answer'; readonly ms: number; readonly offset: number; readonly tail: string }
  /** A letter was not sent: too many, or muted. */
  | { readonly type: 'dropped' }
  | {
      readonly type: 'state';
      readonly state: ClientState;
      /** Names of the clients that the server waits for; empty if it is not blocked. */
      readonly waitsFor: string;
      readonly headline: string;
      readonly muted: boolean;
      readonly offset: number;
      readonly tail: string;
    };
