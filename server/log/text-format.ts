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
    case 'http':
      return `health, metrics and the text are at http://${formatAddress(event.address)}/`;
    case 'reachable':
      return `others type: strclnt ${event.address.host} ${event.address.port}  (${event.interface}, MAC ${event.mac})`;
    case 'warning':
      return `warning: ${escapeUnprintable(event.message)}`;
    case 'accepted':
      return verbose
        ? `client ${event.client} is ${event.fd === undefined ? '' : `fd ${event.fd}, `}at ${formatAddress(event.remote)}, tcp to ${formatAddress(event.local)}`
        : `client ${event.client} came from ${formatAddress(event.remote)}`;
    case 'rejected':
      return `rejected ${formatAddress(event.remote)}: ${event.reason}`;
    case 'rejectedSummary':
      return `rejected ${thousands(event.count)} more in the last second, the last ${formatAddress(event.remote)}: ${event.reason}`;
    case 'read':
      return `client ${event.client}: read ${bytes(event.bytes)}${whatWasRead(event)}`;
    case 'wrote':
      return `client ${event.client}: send took ${event.unsent > 0 ? `${thousands(event.bytes - event.unsent)} of ` : ''}${bytes(event.bytes)}`;
    case 'polled':
      return `asked ${thousands(event.polls)} times, ${plural(event.hits, 'answer')}`;
    case 'blocked':
      return `everybody waits for client ${event.client} (${formatAddress(event.remote)}), ${event.seconds} s`;
    case 'closed':
      return `client ${event.client} ${whyClosed(event)}: ${plural(event.letters, 'letter')}${event.controlCharacters > 0 ? `, ${plural(event.controlCharacters, 'control character')} thrown away` : ''}`;
    case 'stopping':
      return `stopping: ${plural(event.connected, 'client')} connected`;
    case 'journal':
      return `journal ${escapeUnprintable(event.file)}: ${bytes(event.bytes)} of text${event.cut > 0 ? `; ${bytes(event.cut)} at its end cut off, which a crash left, and kept in ${escapeUnprintable(event.keptIn ?? '')}` : ''}`;
    case 'disk full':
      return `the journal's disk is full (${event.reason}): ${bytes(event.bytes)} not answered, tried again each second; new letters are refused`;
    case 'disk free':
      return "the journal's disk has room again: new letters are taken";
    case 'cluster joined':
      return `cluster text ${event.name}: ${bytes(event.bytes)} in ${plural(event.groups, 'group')}, joined as server ${event.server}`;
    case 'member lost':
      return `etcd member ${escapeUnprintable(event.member)} lost: ${escapeUnprintable(event.reason)}`;
    case 'etcd unavailable':
      return `${event.message}: clients are disconnected and new letters are rejected`;
    case 'etcd available':
      return 'etcd answers again: new letters are accepted';
    case 'committed':
      return `etcd committed ${bytes(event.bytes)} in ${event.milliseconds.toFixed(1)} ms, ${plural(event.groups, 'group')} now`;
    case 'cluster failed': // the command's failure says it
    case 'journal failed':
    case 'failed':
      return undefined;
    case 'logDropped':
      return `${plural(event.lines, 'line')} dropped here: ${escapeUnprintable(event.reason)}`;
    case 'stats':
      return formatStats(event);
  }
}

function whatWasRead(event: Extract<ServerEvent, { type: 'read' }>): string {
  const letters = event.pendingLetters.filter((letter) => letter !== '\n');
  const lineEnds = event.pendingLetters.length - letters.length;
  const parts = event.bytes === 0 ? ['it has closed'] : [];
  if (letters.length > 0)
    parts.push(`${letters.length === 1 ? 'letter' : 'letters'} ${letters.map(formatLetter).join(' ')}`);
  if (lineEnds > 0) parts.push(lineEnds === 1 ? 'LF' : `${lineEnds} LFs`);
  if (event.midLetter) parts.push(event.bytes === 0 ? 'half a letter is dropped' : 'half a letter waits');
  if (event.undecoded > 0) parts.push(`${bytes(event.undecoded)} held until it reads`);
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
      return 'left';
    case 'full':
      return 'closed, the text is full';
    case 'disk full':
      return "closed, the journal's disk is full";
    case 'unavailable':
      return `closed, ${detail ?? 'etcd does not answer'}`;
    case 'stopped':
      return 'closed, the server stops';
    case 'broken':
      return `lost, ${detail ?? 'the connection broke'}`;
    case 'stalled':
    case 'overdue':
    case 'journal':
      return `cut off, ${detail}`;
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
