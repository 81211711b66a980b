import { Command } from 'commander';

const program = new Command('gregor').description(
  'ZooKeeper and Kafka in one process, without Docker or a JVM',
);
await program.parseAsync();
