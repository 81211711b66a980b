import { Message } from '../message.ts';
import { array, int16, int32, int64, struct, uint32 } from '../schema.ts';

/** The producers that a log knows, in its `.snapshot` files. An int16 version stands before it. */
export const producerSnapshot = new Message('ProducerSnapshot', {
  versions: [1, 1],
  fields: {
    crc: uint32(),
    producerEntries: array(
      struct({
        producerId: int64(),
        epoch: int16(),
        lastSequence: int32(),
        lastOffset: int64(),
        offsetDelta: int32(),
        timestamp: int64(),
        coordinatorEpoch: int32(),
        currentTxnFirstOffset: int64(),
      }),
    ),
  },
});
