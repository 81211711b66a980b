import { javaDouble } from '../admin/java-text.ts';
import { listMetrics, type Metric } from './metric-list.ts';
import type { ServerView } from '../server-view.ts';

export interface Sample {
  readonly name: string;
  readonly labels: readonly (readonly [label: string, value: string])[];
  readonly value: number;
}

/** What Apache's PrometheusMetricsProvider tells, in Prometheus' text format. */
export function metricsText(server: ServerView): string {
  const told = new Set<string>();
  const text: string[] = [];
  for (const metric of [...listMetrics(server), ...processMetrics(server)]) {
    const { name, kind } = metric;
    if (!told.has(name)) text.push(`# HELP ${name} ${name}\n# TYPE ${name} ${kind}\n`);
    told.add(name);
    for (const sample of samplesOf(metric)) {
      const labels = sample.labels.map(([label, value]) => `${label}="${escaped(value)}",`).join('');
      text.push(`${sample.name}${labels === '' ? '' : `{${labels}}`} ${javaDouble(sample.value)}\n`);
    }
  }
  return text.join('');
}

/** The part of Java's process collector that every process has; the `jvm_…` metrics have no meaning here. */
export function processMetrics(server: ServerView): Metric[] {
  const facts = server.processFacts();
  if (facts === null) return [];
  return [
    { kind: 'counter', name: 'process_cpu_seconds_total', value: facts.cpuSeconds },
    { kind: 'gauge', name: 'process_start_time_seconds', value: facts.startedAtSeconds },
    { kind: 'gauge', name: 'process_open_fds', value: facts.openFiles },
    { kind: 'gauge', name: 'process_max_fds', value: facts.maxFiles },
    { kind: 'gauge', name: 'process_virtual_memory_bytes', value: facts.virtualBytes },
    { kind: 'gauge', name: 'process_resident_memory_bytes', value: facts.residentBytes },
  ];
}

export function samplesOf(metric: Metric): Sample[] {
  const { name } = metric;
  if (metric.kind !== 'summary') {
    const key = metric.kind === 'gauge' ? metric.key : undefined;
    return [{ name, labels: key === undefined ? [] : [['key', key]], value: metric.value }];
  }
  const quantiles = metric.isAdvanced ? [0.5, 0.9, 0.99] : [0.5];
  return [
    ...quantiles.map((q): Sample => ({
      name,
      labels: [['quantile', String(q)]],
      value: metric.value.quantile(q),
    })),
    { name: `${name}_count`, labels: [], value: metric.value.count },
    { name: `${name}_sum`, labels: [], value: metric.value.sum },
  ];
}

function escaped(label: string): string {
  return label.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
