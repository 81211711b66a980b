import type { Digests } from '../../runtime/runtime.ts';
import type { MetadataCache } from './metadata-cache.ts';

const ID_BYTES = 16;

/**
 * Ids of topics for clients that name them so (KIP-516). Before inter.broker.protocol.version 2.8 neither znodes nor the controller's requests carry
 * an id, so every broker derives the same one: from the cluster's id and the topic's name. A topic that is deleted and made again
 * has the id that it had, so clients notice it as they notice it without ids: by leader epochs and offsets.
 */
export class TopicIds {
  private readonly digests: Pick<Digests, 'hash'>;
  private readonly clusterId: string;
  private readonly ids = new Map<string, string>();
  private readonly names = new Map<string, string>();

  constructor(
    digests: Pick<Digests, 'hash'>,
    clusterId: string,
    metadata: Pick<MetadataCache, 'onChange' | 'onDeletion' | 'hasTopic'>,
  ) {
    this.digests = digests;
    this.clusterId = clusterId;
    metadata.onChange(({ partitions }) => {
      for (const { topic } of partitions)
        if (!this.ids.has(topic) && metadata.hasTopic(topic)) this.remember(topic);
    });
    metadata.onDeletion((topic) => {
      if (!metadata.hasTopic(topic)) this.forget(topic);
    });
  }

  /** 22 characters of base64url. */
  idOf(topic: string): string {
    return this.ids.get(topic) ?? this.derive(topic);
  }

  /** undefined: no topic of this cluster has that id. */
  nameOf(id: string): string | undefined {
    return this.names.get(id);
  }

  private remember(topic: string): void {
    const id = this.derive(topic);
    this.ids.set(topic, id);
    this.names.set(id, topic);
  }

  private forget(topic: string): void {
    this.names.delete(this.idOf(topic));
    this.ids.delete(topic);
  }

  private derive(topic: string): string {
    const bytes = this.digests
      .hash('sha256', Buffer.from(`${this.clusterId}/${topic}`))
      .subarray(0, ID_BYTES);
    const id = Buffer.from(bytes);
    id[0] = id[0]! & 0x7f; // no id begins with a dash: command lines would take it for an option
    id[6] = (id[6]! & 0x0f) | 0x80; // a UUID of version 8: made by a rule of its own
    id[8] = (id[8]! & 0x3f) | 0x80;
    return id.toString('base64url');
  }
}
