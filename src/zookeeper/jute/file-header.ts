// The first bytes of log files and snapshots.

import { int, long, record } from './record.ts';

export const fileHeader = record('server.persistence.FileHeader', { magic: int, version: int, dbid: long });
