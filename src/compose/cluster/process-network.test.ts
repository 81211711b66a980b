import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../runtime/node/log.ts';
import { createNodeRuntime } from '../../runtime/node/node-runtime.ts';
import type { Endpoint, Listener, Network } from '../../runtime/runtime.ts';
import { processAddresses } from './process-addresses.ts';
import { ProcessNetwork } from './process-network.ts';

// Other systems have one loopback address only.
const onLinux = test.runIf(process.platform === 'linux');

/** Two services of a project in a folder of that name. */
function services(folder: string): { base: Network; a: ProcessNetwork; b: ProcessNetwork } {
  const base = createNodeRuntime({ log: silentLog }).network;
  const [first, second] = processAddresses(`${folder} ${process.pid}`, 2);
  if (first === undefined || second === undefined) throw new Error('no addresses');
  const names = new Map([
    ['a', first.address],
    ['b', second.address],
  ]);
  return {
    base,
    a: new ProcessNetwork(base, { hostname: 'a', names, ...first }),
    b: new ProcessNetwork(base, { hostname: 'b', names, ...second }),
  };
}

/** Listens, and greets whoever connects. */
async function greet(network: Network, at: Endpoint, word: string): Promise<Listener> {
  const listener = await network.listen(at, (connection) => {
    connection.start({ data: () => {}, closed: () => {} });
    connection.write(Buffer.from(word));
    connection.end();
  });
  onTestFinished(() => listener.close());
  return listener;
}

async function hear(network: Network, to: Endpoint): Promise<string> {
  const connection = await network.connect(to);
  return new Promise((resolve) => {
    let text = '';
    connection.start({
      data: (bytes) => {
        text += bytes.toString();
      },
      closed: () => resolve(text),
    });
  });
}

onLinux('services find one another by name, and each has a localhost of its own', async () => {
  const { a, b } = services('names');
  const { port } = (await greet(a, { host: '0.0.0.0', port: 0 }, 'this is a')).endpoint;
  await greet(b, { host: 'localhost', port }, 'this is b');
  expect(await hear(b, { host: 'a', port })).toBe('this is a');
  expect(await hear(a, { host: 'localhost', port })).toBe('this is a');
  expect(await hear(b, { host: 'localhost', port })).toBe('this is b');
  await expect(hear(a, { host: 'b', port })).rejects.toThrow('nothing listens there');
  const [address = ''] = await b.resolve('a');
  expect(await hear(b, { host: address, port })).toBe('this is a');
});

onLinux('a service can only listen on addresses of its own', async () => {
  const { a } = services('own');
  await expect(greet(a, { host: 'b', port: 0 }, '')).rejects.toThrow('b is not an address of this service');
});

onLinux('a published port leads to the services address, and says why when it leads nowhere', async () => {
  const { base, a } = services('published');
  const { endpoint } = await greet(a, { host: 'a', port: 0 }, 'hello');
  const local = await greet(a, { host: 'localhost', port: 0 }, 'unheard');
  const refused: string[] = [];
  const publish = async (containerPort: number): Promise<number> => {
    const { listeners, port } = await a.publish(
      { hostAddress: 'localhost', hostPort: 0, containerPort },
      (message) => refused.push(message),
    );
    onTestFinished(async () => void (await Promise.all(listeners.map((one) => one.close()))));
    return port.hostPort;
  };
  expect(await hear(base, { host: '127.0.0.1', port: await publish(endpoint.port) })).toBe('hello');
  expect(await hear(base, { host: '127.0.0.1', port: await publish(local.endpoint.port) })).toBe('');
  expect(refused).toEqual([
    expect.stringContaining(`listens on its own localhost only; let it listen on 0.0.0.0:`),
  ]);
});
