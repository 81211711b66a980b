import type { ZooKeeperConnection } from '../controller/znodes/zookeeper-connection.ts';

/** Offsets of the oldest clients, in `/consumers/<group>/offsets/<topic>/<partition>` as decimal text. */
export class ZooKeeperOffsets {
  private readonly connection: Pick<ZooKeeperConnection, 'read' | 'setData' | 'createWithParents'>;

  constructor(connection: Pick<ZooKeeperConnection, 'read' | 'setData' | 'createWithParents'>) {
    this.connection = connection;
  }

  /** Null when there is none. */
  async read(groupId: string, topic: string, partition: number): Promise<number | null> {
    const found = await this.connection.read(pathOf(groupId, topic, partition));
    const offset = Number(found?.data?.toString() ?? 'none');
    return Number.isSafeInteger(offset) ? offset : null;
  }

  async write(groupId: string, topic: string, partition: number, offset: number): Promise<void> {
    const path = pathOf(groupId, topic, partition);
    const data = Buffer.from(String(offset));
    if (!(await this.connection.createWithParents(path, data))) await this.connection.setData(path, data);
  }
}

function pathOf(groupId: string, topic: string, partition: number): string {
  return `/consumers/${groupId}/offsets/${topic}/${partition}`;
}
