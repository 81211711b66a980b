import { Message } from '../message.ts';
import { bool, string } from '../schema.ts';

/** Who sent a request that is forwarded in an Envelope (KIP-590). An int16 version stands before it. */
export const principalData = new Message('DefaultPrincipalData', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    type: string(),
    name: string(),
    tokenAuthenticated: bool(),
  },
});
