import { expect, test } from 'vitest';
import { SessionIds, sessionPassword } from './session-id.ts';

test("passwords are those of Apache's servers", () => {
  expect(sessionPassword(72057983401787403n).toString('base64')).toBe('d8I0aYoBh7JsnkZiTVNtWg==');
  expect(sessionPassword(72057983401787405n).toString('base64')).toBe('6YgRaUrHwk8rMLJmQojoKA==');
  expect(sessionPassword(72057983401787406n).toString('base64')).toBe('sCUjaWrkJIFLZ3zkx+2qwQ==');
});

test('ids have the server on top, grow by one, and stay positive however long the machine runs', () => {
  const ids = new SessionIds(2 ** 40 - 1, 1);
  const first = ids.take();
  expect(first >> 56n).toBe(1n);
  expect(ids.take()).toBe(first + 1n);
});
