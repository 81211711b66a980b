import type { Command } from 'commander';
import { ProcessChild } from '../compose/cluster/process-child.ts';
import type { ToProcess } from '../compose/cluster/process-messages.ts';
import { CommandFailure } from './failure.ts';
import { serverStarters } from './server-starters.ts';

/** What `up --processes` starts for each service; it talks with its parent over a pipe, and ends with it. */
export function addService(program: Command): void {
  program.command('service', { hidden: true }).action(async () => {
    const send = process.send?.bind(process);
    if (send === undefined) throw new CommandFailure('gregor service is for gregor up --processes only.', 2);
    const child = new ProcessChild((message) => void send(message), serverStarters);
    // A terminal's Ctrl-C goes to all processes in it: the parent says when to stop.
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
    process.on('message', (message) => {
      void child.take(message as ToProcess).then((isDone) => {
        if (isDone) process.disconnect();
        return isDone;
      });
    });
    await new Promise((resolve) => process.once('disconnect', resolve));
    process.exit();
  });
}
