import { Reader } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { CreateFlag } from '../../jute/constants.ts';
import { OpCode } from '../../jute/op-code.ts';
import { parsers, readMulti, type ParsedOp } from '../../tree/requests/write-ops.ts';
import type { Request } from '../pipeline/request.ts';

/** Whether a write asks for an ephemeral znode, which a local session can't have. What can't be read doesn't. */
export function makesEphemeral({ op, body, start, end }: Request): boolean {
  if (op !== OpCode.create && op !== OpCode.create2 && op !== OpCode.multi) return false;
  const reader = new Reader(body, start, end);
  try {
    if (op === OpCode.multi) return readMulti(reader).some((part) => isEphemeral(part.op));
    return isEphemeral(parsers[op]!(reader));
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

function isEphemeral(op: ParsedOp): boolean {
  return (
    op.op === OpCode.create &&
    !op.isContainer &&
    (op.flags === CreateFlag.ephemeral || op.flags === CreateFlag.ephemeralSequential)
  );
}
