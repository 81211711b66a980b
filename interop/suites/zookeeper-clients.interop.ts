import { join } from 'node:path';
import { compareZooKeeperClient } from '../support/compare-zookeeper.ts';
import { observeBy } from '../support/compare.ts';
import { classPath, python, shim } from '../support/install.ts';

const client = (language: string, name: string) => join(import.meta.dirname, '../clients', language, name);
const javaClient = (path: string, program: string) => (server: { connect: string }) =>
  observeBy('java', ['-Xmx128m', '-cp', path, client('java', program), server.connect]);

compareZooKeeperClient('kazoo', (server) =>
  observeBy(python, [client('python', 'kazoo_client.py'), server.connect]),
);
compareZooKeeperClient(
  "Apache's ZooKeeper client 3.4.14",
  javaClient(`${shim()}:${classPath('zookeeper-3.4.14')}`, 'ZooKeeperClient.java'),
);
compareZooKeeperClient(
  "Apache's ZooKeeper client 3.9.5",
  javaClient(classPath('zookeeper-3.9.5'), 'ZooKeeperClient.java'),
);
compareZooKeeperClient(
  "Apache's ZooKeeper client 3.9.5, what is new in it",
  javaClient(classPath('zookeeper-3.9.5'), 'ZooKeeperClient39.java'),
);
compareZooKeeperClient('Curator 5.9', javaClient(classPath('curator-5.9.0'), 'CuratorClient.java'));
