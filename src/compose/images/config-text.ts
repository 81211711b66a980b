import type { Placed, Place, Service } from '../model.ts';
import type { ConfigLine, GeneratedConfig } from '../plan.ts';

/** Gathers the lines of a properties file, and where each comes from. */
export class ConfigText {
  private readonly lines: { line: ConfigLine; value: string }[] = [];

  /** A later value of a key replaces an earlier one. */
  set(key: string, value: string, variable: string | null, place: Place): void {
    const entry = { line: { key, variable, place }, value };
    const known = this.lines.findIndex(({ line }) => line.key === key);
    if (known < 0) this.lines.push(entry);
    else this.lines[known] = entry;
  }

  has(key: string): boolean {
    return this.lines.some(({ line }) => line.key === key);
  }

  done(): GeneratedConfig {
    return {
      text: this.lines.map(({ line, value }) => `${line.key}=${value.replaceAll('\n', ' ')}\n`).join(''),
      lines: this.lines.map(({ line }) => line),
    };
  }
}

/** A variable with a value that isn't empty. The images take an empty one for none. */
export function variable(service: Service, name: string): Placed<string> | null {
  const found = service.environment.get(name);
  return found === undefined || found.value.trim() === '' ? null : { ...found, value: found.value.trim() };
}

/** `-Dname=value` among JVM options. */
export function systemProperties(options: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', value = ''] of options.matchAll(/-D([^\s="]+)=([^\s"]*)/g)) found.set(name, value);
  return found;
}
