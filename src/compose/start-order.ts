import type { Service } from './model.ts';
import type { Problems } from './problems.ts';

/** Services after all that they depend on, else in the order of the file. A circle is an error. */
export function startOrder(services: readonly Service[], problems: Problems): Service[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const done = new Set<string>();
  const ordered: Service[] = [];
  const visit = (service: Service, path: readonly string[]): void => {
    if (done.has(service.name)) return;
    for (const dependency of service.dependsOn) {
      const other = byName.get(dependency.service);
      if (other === undefined) continue;
      if (path.includes(other.name)) {
        const circle = [...path.slice(path.indexOf(other.name)), other.name].join(' -> ');
        problems.error(
          dependency.place,
          'DEPENDENCY_CIRCLE',
          `services wait for one another: ${circle}`,
          'take one of them out of depends_on',
        );
      } else visit(other, [...path, other.name]);
    }
    done.add(service.name);
    ordered.push(service);
  };
  for (const service of services) visit(service, [service.name]);
  return ordered;
}

/** The named services with all that they need; all when none is named. */
export function withDependencies(services: readonly Service[], names: readonly string[]): Service[] {
  if (names.length === 0) return [...services];
  const wanted = new Set(names);
  for (const name of wanted)
    for (const { service } of services.find((other) => other.name === name)?.dependsOn ?? [])
      wanted.add(service);
  return services.filter((service) => wanted.has(service.name));
}
