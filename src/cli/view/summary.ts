import type { ServiceStatus } from '../../compose/cluster/service-runner.ts';
import { BUILT_IN_NAME } from '../../compose/built-in.ts';
import type { Plan, PlannedService } from '../../compose/plan.ts';
import { isLoopback, namesOf } from '../../compose/plan.ts';
import type { Colors } from './colors.ts';
import { namePainter } from './colors.ts';

/** One screen: what listens where, and what to type next. tookMs: from the command to ready (`performance.now()` counts from the start of the process). */
export function summary(
  plan: Plan,
  statuses: readonly ServiceStatus[],
  tookMs: number,
  colors: Colors,
): string {
  const failed = statuses.filter(({ state }) => state !== 'ready');
  const seconds = (tookMs / 1000).toFixed(2);
  const head =
    failed.length === 0
      ? `${colors.green('ready')} in ${seconds} s`
      : `${colors.red(`${failed.length} of ${statuses.length} services failed`)} after ${seconds} s`;
  const paintName = namePainter(
    plan.services.map(({ name }) => name),
    colors,
  );
  const lines = [`${colors.bold('gregor')} ${what(plan)} ${head}`, ''];
  for (const planned of plan.services) {
    const status = statuses.find(({ name }) => name === planned.name);
    if (status === undefined) continue;
    lines.push(`  ${paintName(planned.name)}  ${describe(planned, status, colors)}`);
  }
  const examples = clientLines(plan, statuses);
  if (examples.length > 0) lines.push('', ...examples.map((line) => `  ${line}`));
  return `${lines.join('\n')}\n\n`;
}

function what({ project }: Plan): string {
  return project.file === BUILT_IN_NAME ? 'own cluster, as there is no compose file here,' : project.file;
}

function describe(planned: PlannedService, status: ServiceStatus, colors: Colors): string {
  if (status.state !== 'ready') return colors.red(status.error ?? status.state);
  const at = (port: number): string[] =>
    status.published
      .filter(({ containerPort }) => containerPort === port)
      .map(({ hostAddress, hostPort }) => `${hostAddress}:${hostPort}`);
  if (planned.kind === 'zookeeper') {
    const port = planned.config?.clientPort ?? 0;
    const outside = at(port);
    return `ZooKeeper  ${outside.length > 0 ? outside.join(', ') : colors.dim(`${planned.name}:${port} (services only)`)}`;
  }
  const id = planned.config?.brokerId ?? -1;
  const listeners = planned.config?.listeners ?? [];
  const parts = listeners.map(({ name, host, port }) => {
    const outside = at(port);
    if (isLoopback(host)) return colors.yellow(`${name} localhost:${port} (of the service itself only)`);
    return outside.length > 0
      ? `${name} ${outside.join(', ')}${sentOn(planned, name, status, colors)}`
      : colors.dim(`${name} ${planned.name}:${port} (services only)`);
  });
  return `broker ${id < 0 ? '(its own id)' : id}   ${parts.join('  ')}`;
}

/** Where a client that came by a published port is told to go on, when that is another place. */
function sentOn(planned: PlannedService, listener: string, status: ServiceStatus, colors: Colors): string {
  if (planned.kind !== 'broker' || planned.config === null) return '';
  const told = planned.config.advertisedListeners.find(({ name }) => name === listener);
  if (told === undefined) return '';
  const leadsBack = isLoopback(told.host) && status.published.some(({ hostPort }) => hostPort === told.port);
  if (leadsBack) return '';
  const isNameInside = namesOf(planned).includes(told.host);
  const why = isNameInside ? ', a name that this machine knows only from its hosts file, if at all' : '';
  return colors.yellow(` (sends clients on to ${told.host}:${told.port}${why})`);
}

/** What to paste, with addresses that work from this machine: those that are published and advertised so. */
function clientLines(plan: Plan, statuses: readonly ServiceStatus[]): string[] {
  const bootstrap = plan.services.flatMap((planned) => {
    if (planned.kind !== 'broker' || planned.config === null) return [];
    const status = statuses.find(({ name }) => name === planned.name);
    if (status?.state !== 'ready') return [];
    const { listeners, advertisedListeners } = planned.config;
    return listeners.flatMap(({ name, port }) => {
      const published = status.published.find(({ containerPort }) => containerPort === port);
      const advertised = advertisedListeners.find((listener) => listener.name === name);
      return published !== undefined &&
        advertised?.port === published.hostPort &&
        !namesOf(planned).includes(advertised.host)
        ? [`${advertised.host}:${advertised.port}`]
        : [];
    });
  });
  const first = bootstrap[0];
  if (first === undefined) return [];
  return [
    `kcat -b ${first} -L`,
    `echo hello | kcat -b ${first} -t greetings -P && kcat -b ${first} -t greetings -C -e`,
    `bootstrap.servers=${bootstrap.join(',')}`,
  ];
}
