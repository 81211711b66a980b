import type { Api, RequestDraft, ResponseOf } from '../../../src/kafka/protocol/api.ts';
import type { Fields } from '../../../src/kafka/protocol/schema.ts';
import type { Magic } from '../../../src/kafka/records/batch.ts';

/** One broker that is asked everything, alone in its cluster. */
export interface Asked {
  readonly broker: { readonly id: number; readonly host: string; readonly port: number };
  /** Of the controller that it obeys. */
  readonly controllerEpoch: number;
  /** Of TOPIC. */
  readonly topicId: string;
  /** Asks in this version. What the version lacks is left out of the draft. */
  ask<A extends Api<Fields, Fields>>(api: A, version: number, draft: RequestDraft<A>): Promise<ResponseOf<A>>;
  /** Two records with fixed times, as this format has them. */
  records(magic: Magic): Buffer;
}

/** What is there before anything is asked: a topic with one partition. */
export const TOPIC = 'every';

/** The least that is worth asking of one API: the same for each of its versions. */
export interface Exchange {
  readonly api: Api;
  /** Codes that belong to it; any other is a mistake. */
  readonly errors: readonly number[];
  /** @returns the answer to `api` in this version. What has to come before is asked in versions that 0.11 had. */
  talk(asked: Asked, version: number): Promise<unknown>;
}

type Talk<A extends Api> = (
  send: (draft: RequestDraft<A>) => Promise<ResponseOf<A>>,
  asked: Asked,
  version: number,
) => Promise<ResponseOf<A>>;

export function exchange<A extends Api<Fields, Fields>>(
  api: A,
  talk: Talk<A>,
  errors: readonly number[] = [],
): Exchange {
  return {
    api,
    errors,
    talk: (asked, version) => talk((draft) => asked.ask(api, version, draft), asked, version),
  };
}
