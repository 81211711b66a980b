import type { Command } from 'commander';

export function addUp(program: Command): void {
  program.command('up').description('run the ZooKeeper and Kafka services of a compose file');
}
