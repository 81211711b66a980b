import { describe, expect, test } from 'vitest';
import type { RequestContext } from '../broker/served-api.ts';
import type { ProducerIdBlock } from '../controller/znodes/producer-id-block.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { initProducerIdApi } from './init-producer-id-api.ts';
import { ProducerIds } from './producer-ids.ts';

describe('producer ids', () => {
  test('come one by one out of a block, then out of the next', async () => {
    const blocks: ProducerIdBlock[] = [
      { broker: 1, first: 0, last: 1 },
      { broker: 1, first: 5000, last: 5999 },
    ];
    const ids = new ProducerIds(() => Promise.resolve(blocks.shift()!));
    expect([await ids.take(), await ids.take(), await ids.take()]).toEqual([0, 1, 5000]);
  });

  test('asked for at once are all different, and one block is fetched for them', async () => {
    let fetched = 0;
    const ids = new ProducerIds(() => {
      fetched += 1;
      return Promise.resolve({ broker: 1, first: fetched * 10, last: fetched * 10 + 2 });
    });
    const taken = await Promise.all(Array.from({ length: 7 }, () => ids.take()));
    expect(new Set(taken).size).toBe(7);
    expect(fetched).toBe(3);
  });

  test('cannot be had while no block can be had, but can be afterwards', async () => {
    const answers = [
      Promise.reject(new Error('no ZooKeeper')),
      Promise.resolve({ broker: 1, first: 7, last: 7 }),
    ];
    const ids = new ProducerIds(() => answers.shift()!);
    await expect(ids.take()).rejects.toThrow('no ZooKeeper');
    expect(await ids.take()).toBe(7);
  });
});

describe('InitProducerId', () => {
  const api = initProducerIdApi(
    new ProducerIds(() => Promise.resolve({ broker: 1, first: 3000, last: 3999 })),
  );
  const ask = (request: object) =>
    api.handle(
      { transactionalId: null, producerId: -1, producerEpoch: -1, ...request },
      {} as RequestContext,
    );

  test('gives an idempotent producer a new id, and another when its epochs are used up', async () => {
    expect(await ask({})).toMatchObject({ errorCode: 0, producerId: 3000, producerEpoch: 0 });
    expect(await ask({ producerId: 3000, producerEpoch: 32766 })).toMatchObject({ producerId: 3001 });
  });

  test('refuses transactional ids and half an identity', async () => {
    expect(await ask({ transactionalId: 't' })).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST });
    expect(await ask({ producerId: 5 })).toMatchObject({
      errorCode: ErrorCode.INVALID_REQUEST,
      producerId: -1,
    });
  });

  test('answers errors in its own form', () => {
    const error = new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(api.errorResponse!({}, error.code, null, 5)).toMatchObject({ errorCode: 15, producerId: -1 });
  });
});
