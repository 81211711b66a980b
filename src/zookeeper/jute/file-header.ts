import { int, long, record } from './record.ts';

/** The first bytes of log files and snapshots. */
export const fileHeader = record('server.persistence.FileHeader', { magic: int, version: int, dbid: long });
