import { expect, test } from 'vitest';
import { readPort } from './ports.ts';
import { Problems } from './problems.ts';
import { scalar } from './tree.ts';

const place = { file: 'c.yml', line: 3 };

function short(text: string): string {
  const problems = new Problems();
  const ports = readPort(scalar(place, text), problems);
  const said = problems.list().map(({ code }) => code);
  return [
    ...ports.map(
      ({ hostAddress, hostPort, containerPort, protocol }) =>
        `${hostAddress}|${hostPort}|${containerPort}|${protocol}`,
    ),
    ...said,
  ].join(' ');
}

test.each([
  ['9092', '|0|9092|tcp'],
  ['9092:9093', '|9092|9093|tcp'],
  ['127.0.0.1:9092:9093', '127.0.0.1|9092|9093|tcp'],
  ['127.0.0.1::9093', '127.0.0.1|0|9093|tcp'],
  ['[::1]:9092:9093/udp', '::1|9092|9093|udp'],
  ['9092-9093:19092-19093', '|9092|19092|tcp |9093|19093|tcp'],
  ['9092-9093:19092', 'PORT_RANGE'],
  ['x:9092', 'PORT_INVALID'],
  ['9092:99999', 'PORT_INVALID'],
])('%s', (text, expected) => {
  expect(short(text)).toBe(expected);
});
