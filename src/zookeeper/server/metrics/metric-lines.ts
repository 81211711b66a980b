import { PROMETHEUS_PROVIDER } from '../config/config.ts';
import { JavaDouble } from '../admin/java-text.ts';
import { stateOf } from '../member-view.ts';
import { listMetrics, type Metric } from './metric-list.ts';
import { processMetrics, samplesOf } from './prometheus-text.ts';
import type { ServerView } from '../server-view.ts';

/** Name and value of each line of `mntr` (without `zk_`) and of `monitor`; the metrics provider settles how they look. */
export function metricLines(server: ServerView): [name: string, value: number | JavaDouble][] {
  if (server.config.metricsProvider !== PROMETHEUS_PROVIDER) return listMetrics(server).flatMap(plainLines);
  const samples = [...listMetrics(server).flatMap(samplesOf), ...processMetrics(server).flatMap(samplesOf)];
  return samples.map(({ name, labels, value }) => {
    const inner = labels.map(([label, of]) => `${label}="${of}"`).join(',');
    return [inner === '' ? name : `${name}{${inner}}`, new JavaDouble(value)];
  });
}

function plainLines(metric: Metric): [string, number | JavaDouble][] {
  const { name } = metric;
  switch (metric.kind) {
    case 'gauge':
      return [
        [
          metric.key === undefined ? name : `${metric.key}_${name}`,
          metric.isDouble === true ? new JavaDouble(metric.value) : metric.value,
        ],
      ];
    case 'counter':
      return [[name, metric.value]];
    case 'summary': {
      const summary = metric.value;
      const lines: [string, number | JavaDouble][] = [
        [`avg_${name}`, new JavaDouble(summary.average)],
        [`min_${name}`, summary.least],
        [`max_${name}`, summary.most],
        [`cnt_${name}`, summary.count],
        [`sum_${name}`, summary.sum],
      ];
      if (metric.isAdvanced)
        for (const [prefix, q] of percentiles) lines.push([`${prefix}_${name}`, summary.percentile(q)]);
      return lines;
    }
  }
}

const percentiles = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
] as const;

/** What stands in front of the metrics of a member. */
export function memberState({ member, mode }: ServerView): [name: string, value: string | number][] {
  if (member === null || mode === 'read-only') return [];
  const state: [string, string | number][] = [['peer_state', `${stateOf(mode)} - broadcast`]];
  if (mode === 'observer') state.push(['observer_master_id', member.masterId]);
  return state;
}
