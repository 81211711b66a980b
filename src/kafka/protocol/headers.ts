import { Message } from './message.ts';
import { int16, int32, nullable, string } from './schema.ts';

/** What stands before every request. 0: no client id; 1: with it; 2: with tags. Its client id keeps an int16 length in all of them. */
export const requestHeader = new Message('RequestHeader', {
  versions: [0, 2],
  flexible: 2,
  fields: {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: nullable(string({ since: 1, default: null, ignorable: true, plain: true })),
  },
});

/** What stands before every response. 1: with tags. */
export const responseHeader = new Message('ResponseHeader', {
  versions: [0, 1],
  flexible: 1,
  fields: { correlationId: int32() },
});
