import { encodeJson, JsonFields } from './json.ts';
import { paths } from './paths.ts';

/** `/controller`: which broker decides for the cluster. */
export function encodeController(brokerId: number, timestampMs: number): Buffer {
  return encodeJson({ version: 1, brokerid: brokerId, timestamp: String(timestampMs) });
}

/** Every version. Throws ZnodeFormatError. */
export function decodeController(data: Buffer | null): number {
  return JsonFields.parse(paths.controller, data).integer('brokerid');
}

/** `/controller_epoch` holds decimal text, no JSON. */
export function encodeControllerEpoch(epoch: number): Buffer {
  return Buffer.from(String(epoch), 'latin1');
}

export function decodeControllerEpoch(data: Buffer | null): number {
  const epoch = Number(data?.toString('latin1'));
  return Number.isInteger(epoch) ? epoch : 0;
}

export function encodeClusterId(id: string): Buffer {
  return encodeJson({ version: '1', id });
}

export function decodeClusterId(data: Buffer | null): string {
  return JsonFields.parse(paths.clusterId, data).text('id');
}
