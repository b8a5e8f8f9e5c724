// Serves a recording: the same page as live, which fetches the file.

import { createReadStream } from 'node:fs';
import type { Address } from '../../shared/address.js';
import { WallHttp } from './http.js';
import { Rejections } from './limits.js';
import { checkRecording } from './recording.js';

export interface Replay {
  readonly address: Address;
  readonly events: number;
  readonly close: () => void;
}

/** @throws OperationalError that names the line of the file which is damaged; or if it cannot listen */
export async function startReplay(
  file: string,
  address: Address,
  names: readonly string[],
  onLine: (line: string) => void,
): Promise<Replay> {
  const events = await checkRecording(file);
  const http = new WallHttp({
    address,
    names,
    perAddress: 40,
    rejections: new Rejections(onLine),
    qr: () => undefined,
    viewers: undefined,
    recording: (response) => {
      createReadStream(file)
        .on('error', () => response.destroy())
        .pipe(response);
    },
    onPhone: (socket) => socket.close(1008, 'this is a recording'),
    onTeacher: (socket) => socket.close(1008, 'this is a recording'),
    onVisit: () => {},
  });
  return { address: await http.listen(), events, close: () => http.close() };
}
