import { HttpResponder, plain, type HttpResponse } from '../admin/http.ts';
import { metricsText } from './prometheus-text.ts';
import type { ServerView } from '../server-view.ts';

/** Metrics at http://…:7000/metrics in Prometheus' text format, under the names of Apache's PrometheusMetricsProvider. */
export async function startPrometheus(server: ServerView): Promise<() => Promise<void>> {
  const { config, runtime } = server;
  const responder = new HttpResponder(runtime, config.adminIdleTimeoutMs, (request): HttpResponse => {
    if (request.path !== '/metrics') return plain(404, 'metrics are at /metrics');
    return {
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: metricsText(server),
    };
  });
  try {
    const at = await responder.listen({ host: config.metricsHost, port: config.metricsPort });
    runtime.log.info(`metrics are at http://${at.host}:${at.port}/metrics`);
  } catch (error) {
    runtime.log.warn(
      `there are no metrics for Prometheus: ${(error as Error).message}; see metricsProvider.httpPort`,
    );
  }
  return () => responder.close();
}
