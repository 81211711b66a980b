/** Situations that chance alone would hardly make: a few faults in the right order, begun while everything is well and nothing else goes wrong. */
import type { Machine } from './cluster.ts';
import { LONGER_THAN_SESSION_MS, type Faults } from './faults.ts';

/** How long everything has been well before a broker loses its power, and is afterwards before anything else goes wrong, ms. */
const QUIET_MS = 9000;
/** After a fault is mended all replicas are in sync by then, and the preferred ones lead. */
const CALM_MS = 5000;
/** What is sent to a replica that is to catch up slowly takes that long, ms. */
const SLOW_MS = [20, 120] as const;

/** What Kafka hadn't synced is gone; all replicas were in sync, so others have it. */
export async function losesPower(faults: Faults): Promise<void> {
  await faults.pause(QUIET_MS, QUIET_MS);
  if (!allUp(faults)) return;
  await faults.down(anyOf(faults), 50, 5000, false);
  await faults.pause(QUIET_MS, QUIET_MS);
}

/**
 * A replica comes back to a log that has become much longer, and gets it slowly; both others, which have what was acknowledged meanwhile, die
 * before it has all of that. It must not lead: who isn't level with the high watermark isn't in the ISR.
 */
export async function diesWhileAnotherCatchesUp(faults: Faults): Promise<void> {
  const { cluster } = faults.scene;
  await faults.pause(CALM_MS, CALM_MS);
  if (!allUp(faults)) return;
  const returning = anyOf(faults);
  await faults.down(returning, LONGER_THAN_SESSION_MS, 6000);
  const rest = async (): Promise<void> => {
    await untilUp(faults, returning);
    await faults.pause(100, 1200);
    const others = cluster.brokers.filter((broker) => broker !== returning);
    await Promise.all(others.map((other) => faults.down(other, LONGER_THAN_SESSION_MS, 5000)));
  };
  await faults.slowlyTo(returning.host.name, SLOW_MS, rest);
}

/**
 * A leader dies with a tail that only one follower has, comes back without it after another led, and leads again. That follower heard of none
 * of this: as far as it knows the leader is who it was. What it asks for must be refused (KIP-320), or its log has a tail of its own in the middle.
 */
export async function missesTwoElections(faults: Faults): Promise<void> {
  const { cluster, client } = faults.scene;
  await faults.pause(CALM_MS, CALM_MS);
  if (!allUp(faults)) return;
  const controllerId = await client.controllerId().catch(() => 0);
  if (controllerId < 1) return;
  // Replicas are laid out in a ring: who comes before another leads a partition for which that one is next.
  const count = cluster.brokers.length;
  const [controller, deaf, leader] = [0, 1, 2].map((i) => cluster.brokers[(controllerId - 1 + i) % count]!);
  const [from, to, unhearing] = [leader!, controller!, deaf!].map(({ host }) => host.name);
  const rest = async (): Promise<void> => {
    await faults.without([[from!, to!]], 40, 600);
    await faults.down(leader!, LONGER_THAN_SESSION_MS, LONGER_THAN_SESSION_MS);
    await untilUp(faults, leader!);
    await faults.pause(1000, 1500);
    await client.electPreferred().catch(() => undefined);
    await faults.pause(1000, 2000);
  };
  await faults.withoutWhile([[to!, unhearing!]], rest);
}

async function untilUp(faults: Faults, machine: Machine): Promise<void> {
  for (let patience = 100; patience > 0 && !machine.up; patience--) await faults.pause(20, 20);
}

function allUp({ scene }: Faults): boolean {
  return scene.cluster.brokers.every((broker) => broker.up);
}

function anyOf({ scene }: Faults): Machine {
  const { brokers } = scene.cluster;
  return brokers[scene.random.below(brokers.length)]!;
}
