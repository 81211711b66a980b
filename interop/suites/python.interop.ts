import { join } from 'node:path';
import { compareClient, observeBy } from '../support/compare.ts';
import { python } from '../support/install.ts';

const script = (name: string) => join(import.meta.dirname, '../clients/python', name);

compareClient('confluent-kafka-python', (cluster) =>
  observeBy(python, [script('confluent.py'), cluster.bootstrap]),
);
compareClient('kafka-python', (cluster) => observeBy(python, [script('kafka_python.py'), cluster.bootstrap]));
