// Events as lines of text. Only events of the hot path, which --verbose asks for, contain letters.

import { formatAddress } from '../../shared/address.js';
import { escapeUnprintable } from '../../shared/escape.js';
import { plural, thousands } from '../../shared/numbers.js';
import type { ServerEvent, ServerStats } from './events.js';

/**
 * The line for an event; undefined if stdout or the command's failure says the same.
 * @param verbose whether lines name descriptors and both ends of a connection
 */
export function formatText(event: ServerEvent, verbose: boolean): string | undefined {
  switch (event.type) {
    case 'listening': // the command prints the address on stdout
      return verbose && event.fd !== undefined ? `listening socket fd ${event.fd}` : undefined;
    case 'certificate':
      return `certificate ${escapeUnprintable(event.file)}: ${escapeUnprintable(event.subject)}, valid to ${event.validTo}`;
    case 'http':
      return `health, metrics and the text are at http://${formatAddress(event.address)}/`;
    case 'reachable':
      return `on other machines: strclnt ${event.address.host} ${event.address.port}  (${event.interface}, MAC ${event.mac})`;
    case 'warning':
      return `warning: ${escapeUnprintable(event.message)}`;
    case 'accepted':
      return `client ${event.client} accepted from ${formatAddress(event.remote)}${verbose ? formatSocket(event) : ''}`;
    case 'rejected':
      return `rejected ${formatAddress(event.remote)}: ${event.reason}`;
    case 'rejectedSummary':
      return `rejected ${thousands(event.count)} more in the last second, last ${formatAddress(event.remote)}: ${event.reason}`;
    case 'read':
      return `client ${event.client}: read ${bytes(event.bytes)}${whatWasRead(event)}`;
    case 'wrote':
      return `client ${event.client}: wrote ${event.unsent > 0 ? `${thousands(event.bytes - event.unsent)} of ` : ''}${bytes(event.bytes)}`;
    case 'polled':
      return `polled ${thousands(event.polls)} times, ${thousands(event.hits)} ready`;
    case 'blocked':
      return `all clients wait for client ${event.client} (${formatAddress(event.remote)}), blocked in ${event.call} for ${event.seconds} s`;
    case 'closed':
      return `client ${event.client} ${whyClosed(event)}: ${plural(event.letters, 'letter')}${event.controlCharacters > 0 ? `, ${plural(event.controlCharacters, 'control character')} discarded` : ''}`;
    case 'stopping':
      return `stopping: ${plural(event.connected, 'client')} connected`;
    case 'journalOpened':
      return `journal ${escapeUnprintable(event.file)}: ${bytes(event.bytes)} of text${event.cut > 0 ? `; ${bytes(event.cut)} after a crash removed from its end, saved in ${escapeUnprintable(event.keptIn ?? '')}` : ''}`;
    case 'diskFull':
      return `disk full (${event.reason}): ${bytes(event.bytes)} pending, retried every second; new letters are rejected`;
    case 'diskFree':
      return 'disk has space again: new letters are accepted';
    case 'clusterJoined':
      return `cluster text ${event.name}: ${bytes(event.bytes)} in ${plural(event.groups, 'group')}, joined as server ${event.server}`;
    case 'memberLost':
      return `etcd member ${escapeUnprintable(event.member)} lost: ${escapeUnprintable(event.reason)}`;
    case 'etcdUnavailable':
      return `${event.message}: clients are disconnected and new letters are rejected`;
    case 'etcdAvailable':
      return 'etcd available again: new letters are accepted';
    case 'committed':
      return `etcd committed ${bytes(event.bytes)} in ${event.milliseconds.toFixed(1)} ms, ${plural(event.groups, 'group')} now, behind by ${plural(event.behind, 'letter')}`;
    case 'clusterFailed': // the command's failure says it
    case 'journalFailed':
    case 'failed':
      return undefined;
    case 'appended':
      return `client ${event.client}: a letter ends at offset ${event.offset}`;
    case 'logDropped':
      return `${plural(event.lines, 'log line')} dropped: ${escapeUnprintable(event.reason)}`;
    case 'stats':
      return formatStats(event);
  }
}

/** The rest of the five numbers that make a connection, and its descriptor if the model knows it. */
function formatSocket({ local, fd }: Extract<ServerEvent, { type: 'accepted' }>): string {
  return ` to ${formatAddress(local)}, tcp${fd === undefined ? '' : `, fd ${fd}`}`;
}

function whatWasRead(event: Extract<ServerEvent, { type: 'read' }>): string {
  const letters = event.pendingLetters.filter((letter) => letter !== '\n');
  const lineEnds = event.pendingLetters.length - letters.length;
  const parts = event.bytes === 0 ? ['end of stream'] : [];
  if (letters.length > 0)
    parts.push(`${letters.length === 1 ? 'letter' : 'letters'} ${letters.map(formatLetter).join(' ')}`);
  if (lineEnds > 0) parts.push(lineEnds === 1 ? 'LF' : `${lineEnds} LFs`);
  if (event.midLetter)
    parts.push(event.bytes === 0 ? 'incomplete letter discarded' : 'incomplete letter buffered');
  if (event.undecoded > 0) parts.push(`${bytes(event.undecoded)} not decoded yet`);
  return parts.map((part) => `, ${part}`).join('');
}

/** One letter, made visible: joiners and variation selectors show nothing alone, and a space is easily missed. */
function formatLetter(letter: string): string {
  if (letter === ' ') return '" "';
  return escapeUnprintable(letter).replace(
    /[\u200d\ufe0e\ufe0f]/u,
    (alone) => `\\u{${alone.charCodeAt(0).toString(16).toUpperCase()}}`,
  );
}

function whyClosed({ reason, detail }: Extract<ServerEvent, { type: 'closed' }>): string {
  switch (reason) {
    case 'ended':
      return 'disconnected';
    case 'full':
      return 'closed, text full';
    case 'diskFull':
      return 'closed, disk full';
    case 'unavailable':
      return `closed, ${detail ?? 'etcd does not answer'}`;
    case 'stopped':
      return 'closed, server stopping';
    case 'broken':
      return `lost, ${detail ?? 'connection broken'}`;
    case 'stalled':
    case 'drainTimeout':
    case 'journal':
      return `dropped, ${detail}`;
  }
}

function formatStats(stats: ServerStats): string {
  const recovered =
    stats.recovered > 0 ? ` and ${thousands(stats.recovered)} recovered from the journal` : '';
  const rejected = [
    ...(stats.rejected > 0 ? [`${thousands(stats.rejected)} rejected`] : []),
    ...(stats.stalled > 0 ? [`${thousands(stats.stalled)} stalled`] : []),
  ];
  return [
    [
      plural(stats.letters, 'letter') + recovered,
      plural(stats.clients, 'client'),
      ...rejected,
      `${stats.seconds.toFixed(1)} s`,
    ].join(', '),
    `CPU ${stats.cpuSeconds.toFixed(1)} s`,
    plural(stats.contextSwitches, 'context switch', 'context switches'),
    plural(stats.ioThreads, 'I/O thread'),
  ].join('; ');
}

function bytes(n: number): string {
  return plural(n, 'byte');
}
