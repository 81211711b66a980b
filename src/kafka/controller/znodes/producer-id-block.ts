import { encodeJson, JsonFields } from './json.ts';
import { paths } from './paths.ts';

export const PRODUCER_ID_BLOCK_SIZE = 1000;

/** Producer ids that one broker may give away; both ends are in it. */
export interface ProducerIdBlock {
  readonly broker: number;
  readonly first: number;
  readonly last: number;
}

export function encodeProducerIdBlock(block: ProducerIdBlock): Buffer {
  return encodeJson({
    version: 1,
    broker: block.broker,
    block_start: String(block.first),
    block_end: String(block.last),
  });
}

/** Null when no block was given away yet. Throws ZnodeFormatError. */
export function decodeProducerIdBlock(data: Buffer | null): ProducerIdBlock | null {
  if (data === null || data.length === 0) return null;
  const fields = JsonFields.parse(paths.producerIdBlock, data);
  return {
    broker: fields.integer('broker'),
    first: fields.integerText('block_start'),
    last: fields.integerText('block_end'),
  };
}
