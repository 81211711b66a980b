import { expect } from 'vitest';
import { SimulatedEnsemble } from './simulated-ensemble.ts';

/** An ensemble of so many servers, all of which serve. */
export async function serving(seed: number, servers: number, zooCfg = ''): Promise<SimulatedEnsemble> {
  const ensemble = new SimulatedEnsemble({ seed, servers, zooCfg });
  ensemble.startAll();
  expect(await ensemble.untilServing(servers)).toBe(true);
  return ensemble;
}
