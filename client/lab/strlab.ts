#!/usr/bin/env node
// The laboratory's command.

import { readCommandLine, runCommand } from '../../shared/command.js';
import { UsageError } from '../../shared/errors.js';
import { DRIVE, driveServer } from './drive.js';

const [command] = process.argv.splice(2, 1);
await runCommand('strlab', async () => {
  if (command !== 'drive') throw new UsageError(`expected drive, got ${command ?? 'nothing'}`);
  await driveServer(readCommandLine(DRIVE));
});
