import { describe, expect, it } from 'vitest';
import { partitionsInWords, rolesInWords } from './changes-in-words.ts';

const roles = (topic: string, led: number, followed: number) =>
  Array.from({ length: led + followed }, (_, partition) => ({ topic, partition, leads: partition < led }));

describe('what a broker says of its new roles', () => {
  it('names the partitions of a small topic', () => {
    expect(rolesInWords(roles('hello', 1, 2))).toBe('leads hello-0 and follows hello-1, hello-2');
  });

  it('counts those of a large one, in one sentence', () => {
    expect(rolesInWords(roles('__consumer_offsets', 17, 33))).toBe(
      'leads 17 and follows 33 partitions of __consumer_offsets',
    );
  });

  it('counts topics when there are many', () => {
    const many = ['a', 'b', 'c', 'd'].flatMap((topic) => roles(topic, 1, 1));
    expect(rolesInWords(many)).toBe('leads 4 and follows 4 partitions of 4 topics');
  });

  it('says nothing when nothing changed', () => {
    expect(rolesInWords([])).toBeNull();
  });

  it('names few partitions and counts many', () => {
    expect(partitionsInWords(roles('hello', 2, 0))).toBe('hello-0, hello-1');
    expect(partitionsInWords(roles('hello', 50, 0))).toBe('50 partitions of hello');
  });
});
