import { parseProperties } from '../../../wire/properties.ts';

/** `meta.properties`: whose log folder this is. Java properties, `key=value` a line. */
export interface MetaProperties {
  /** -1: none. */
  readonly brokerId: number;
  readonly clusterId: string | null;
}

export function parseMetaProperties(text: string): MetaProperties {
  const values = parseProperties(text);
  const id = values.get('broker.id')?.value.trim();
  return {
    brokerId: id !== undefined && /^\d+$/.test(id) ? Number(id) : -1,
    clusterId: values.get('cluster.id')?.value.trim() ?? null,
  };
}

/** `cluster.id` is written from 2.4 on; 2.3 ignores it. */
export function formatMetaProperties(properties: MetaProperties, nowMs: number): string {
  const cluster = properties.clusterId === null ? '' : `cluster.id=${properties.clusterId}\n`;
  return `#\n#${javaDate(nowMs)}\nbroker.id=${properties.brokerId}\n${cluster}version=0\n`;
}

/** As Java's Date prints itself, in UTC: `Mon Nov 23 15:45:36 UTC 2026`. */
function javaDate(ms: number): string {
  const [day, date, month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${date} ${time} UTC ${year}`;
}
