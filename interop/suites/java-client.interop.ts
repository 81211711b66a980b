import { join } from 'node:path';
import { compareClient, observeBy } from '../support/compare.ts';
import { classPath } from '../support/install.ts';

const program = join(import.meta.dirname, '../clients/java/KafkaClient.java');

compareClient("Apache's Java client 4.2.0", (cluster) =>
  observeBy('java', ['-Xmx256m', '-cp', classPath('kafka-clients-4.2.0'), program, cluster.bootstrap]),
);
