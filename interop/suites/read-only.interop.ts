/** Read-only mode: Apache's client, which asks for no more, at a server that has lost its quorum, and when the quorum is back. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ZooKeeperMaker } from '../support/clusters.ts';
import { startEnsemble, type EnsembleMember } from '../support/ensembles.ts';
import { classPath } from '../support/install.ts';
import { Service, until } from '../support/processes.ts';
import { tells } from '../support/words.ts';

const PROGRAM = join(import.meta.dirname, '../clients/java/ReadOnlyClient.java');
const NEW = 'apache 3.9.5';

test("Apache's client reads at gregor's server without a quorum as it does at Apache's, and writes again when there is one", async () => {
  const [gregor, apache] = await Promise.all([observe('gregor', NEW), observe(NEW, 'gregor')]);
  expect(apache).toEqual([
    'isro: ro',
    'CONNECTEDREADONLY',
    'read: kept',
    'write: NOTREADONLY',
    'sync: NOTREADONLY',
    'children: 2',
    'CONNECTED',
    'write: OK',
    'read: changed',
  ]);
  expect(gregor).toEqual(apache);
});

/** What the client sees at a server of `maker` whose only companion goes and comes back. */
async function observe(maker: ZooKeeperMaker, companion: ZooKeeperMaker): Promise<string[]> {
  const ensemble = await startEnsemble([maker, companion], {
    // Apache's gives no session in this mode unless there are local ones, which its documentation doesn't say; gregor's does.
    extra: () => `readonlymode.enabled=true\n${maker === NEW ? 'localSessionsEnabled=true\n' : ''}`,
    javaOptions: ['-Dreadonlymode.enabled=true'],
  });
  const [alone, other] = ensemble.members as [EnsembleMember, EnsembleMember];
  const args = ['-Xmx128m', '-cp', classPath('zookeeper-3.9.5'), PROGRAM, ensemble.connect([alone])];
  const client = new Service('read-only client', 'java', args, { log: '/dev/null' });
  const said = (line: string) =>
    until(`"${line}" of the client`, () => client.out.split('\n').includes(line));
  try {
    await said('ready');
    await other.kill();
    const isro = await until('read-only mode', async () => {
      const answer = await tells(alone.port, 'isro');
      return answer === 'ro' && answer;
    });
    client.tell('read');
    await said('read');
    other.start();
    await said('end');
    const lines = client.out.split('\n').filter((line) => !['ready', 'read', 'end', ''].includes(line));
    return [`isro: ${isro}`, ...lines];
  } catch (error) {
    throw new Error(`${String(error)}\n${client.log}\n${ensemble.logs()}`, { cause: error });
  } finally {
    await client.stop('SIGKILL');
    await ensemble.stop();
  }
}
