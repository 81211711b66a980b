import type { EpochEntry, TopicPartition } from '../log-types.ts';

/**
 * Kafka's checkpoint files: a line with the version (0), one with the number of entries, then a line for each: `topic partition offset`,
 * or `epoch offset`. A file of 0 bytes has no entries.
 */
export type OffsetCheckpoint = Map<string, number>;

/** A checkpoint that can't be read. */
export class CheckpointError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CheckpointError';
  }
}

/** Key of a partition in an OffsetCheckpoint. */
export function checkpointKey(topicPartition: TopicPartition): string {
  return `${topicPartition.topic} ${topicPartition.partition}`;
}

/** Throws a CheckpointError. */
export function parseOffsetCheckpoint(text: string): OffsetCheckpoint {
  const entries: OffsetCheckpoint = new Map();
  for (const [topic, partition, offset] of parseLines(text, 3))
    entries.set(`${topic} ${wholeNumber(partition!)}`, wholeNumber(offset!));
  return entries;
}

export function formatOffsetCheckpoint(entries: OffsetCheckpoint): string {
  let text = `0\n${entries.size}\n`;
  for (const [key, offset] of entries) text += `${key} ${offset}\n`;
  return text;
}

/** Throws a CheckpointError. */
export function parseEpochCheckpoint(text: string): EpochEntry[] {
  return parseLines(text, 2).map(([epoch, startOffset]) => ({
    epoch: wholeNumber(epoch!),
    startOffset: wholeNumber(startOffset!),
  }));
}

export function formatEpochCheckpoint(entries: readonly EpochEntry[]): string {
  let text = `0\n${entries.length}\n`;
  for (const entry of entries) text += `${entry.epoch} ${entry.startOffset}\n`;
  return text;
}

function parseLines(text: string, fields: number): string[][] {
  if (text.trim() === '') return [];
  const lines = text.split('\n').map((line) => line.trim());
  if (lines[0] !== '0') throw new CheckpointError(`a checkpoint has the version ${lines[0]}; 0 is known`);
  const count = wholeNumber(lines[1] ?? '');
  const entries = lines
    .slice(2)
    .filter((line) => line !== '')
    .map((line) => line.split(/\s+/));
  if (entries.length !== count)
    throw new CheckpointError(`a checkpoint says it has ${count} entries, but has ${entries.length}`);
  for (const entry of entries)
    if (entry.length !== fields) throw new CheckpointError(`not a line of a checkpoint: ${entry.join(' ')}`);
  return entries;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new CheckpointError(`"${text}" in a checkpoint isn't a whole number`);
  return value;
}
