/** Who else uses the cluster while its producers write: they make tails that no other replica has, and remember what they were told. */
import { produce } from '../src/kafka/protocol/messages/00-produce.ts';
import { buildBatch } from '../src/kafka/records/build-batch.ts';
import { readOn, topic, type ClusterClient, type ReadRecord } from './clients.ts';

/** What a chatterer's values begin with; a ledger's begin with a digit. */
export const CHATTER = 'c';

/** Writes records with acks=1, each once, whatever becomes of it: any of them may be lost, none may be there twice. */
export async function chatter(
  client: ClusterClient,
  partition: number,
  wanted: () => boolean,
): Promise<void> {
  const { runtime } = client;
  for (let n = 0; wanted(); n++) {
    const value = Buffer.from(`${CHATTER}${partition}-${n}`);
    const records = buildBatch(runtime.codecs, runtime.digests, [
      { timestamp: runtime.clock.wallMs(), value },
    ]);
    const leader = await client.leader(partition);
    const answer = await leader
      .send(produce, 7, {
        acks: 1,
        timeoutMs: 500,
        topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
      })
      .catch(() => null);
    if (answer?.responses[0]?.partitionResponses[0]?.errorCode !== 0) client.forget(partition);
    await client.pause(runtime.random.below(80));
  }
}

/** Reads along. What was given out is committed: it must stay what it is. */
export async function readAlong(
  client: ClusterClient,
  partition: number,
  seen: ReadRecord[],
  wanted: () => boolean,
): Promise<void> {
  while (wanted()) {
    await readOn(client, partition, seen);
    await client.pause(20 + client.runtime.random.below(200));
  }
}
