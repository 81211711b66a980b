/** Counts of one API since the broker started. Times are ms, from the whole request read to the answer handed to the network. */
export interface ApiCounts {
  requests: number;
  /** Requests that ended with an exception instead of an answer of the handler. */
  failures: number;
  requestBytes: number;
  responseBytes: number;
  totalMs: number;
  maxMs: number;
}

/** What the broker counts of its connections and requests; plain numbers that an exposition reads. */
export class RequestMetrics {
  readonly byApi = new Map<string, ApiCounts>();
  connectionsOpen = 0;
  connectionsAccepted = 0;
  connectionsRefused = 0;
  connectionsExpired = 0;
  bytesIn = 0;
  bytesOut = 0;

  of(api: string): ApiCounts {
    let counts = this.byApi.get(api);
    if (counts === undefined) {
      counts = { requests: 0, failures: 0, requestBytes: 0, responseBytes: 0, totalMs: 0, maxMs: 0 };
      this.byApi.set(api, counts);
    }
    return counts;
  }
}
