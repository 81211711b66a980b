import { OpCode } from '../../jute/op-code.ts';
import type { ServerMetrics } from '../metrics/metrics.ts';
import { isRead } from './op-kinds.ts';
import { Stats } from '../metrics/stats.ts';

/** What `cons` and the metrics tell of a connection; all of it counts for its server, too. */
export class ConnectionAccount {
  readonly stats = new Stats();
  /** Of the last answer. */
  lastOp = 0;
  lastXid = -1;
  lastZxid = -1;
  lastResponseAtMs = 0;
  lastLatencyMs = 0;
  private readonly server: { readonly stats: Stats; readonly metrics: ServerMetrics };

  constructor(server: { readonly stats: Stats; readonly metrics: ServerMetrics }) {
    this.server = server;
  }

  /** Bytes came. */
  came(bytes: number): void {
    this.stats.bytesReceived += bytes;
    this.server.stats.bytesReceived += bytes;
  }

  /** A request came. */
  received(): void {
    this.stats.received += 1;
    this.server.stats.received += 1;
  }

  /** A session was opened, or went on here. */
  welcomed(zxid: number, nowMs: number): void {
    this.lastOp = OpCode.createSession;
    this.lastZxid = zxid;
    this.lastResponseAtMs = nowMs;
  }

  answered(op: number, xid: number, zxid: number, bytes: number, receivedAtMs: number, nowMs: number): void {
    const latencyMs = nowMs - receivedAtMs;
    this.took(op, latencyMs);
    this.lastOp = op;
    this.lastXid = xid;
    this.lastZxid = zxid;
    this.lastResponseAtMs = nowMs;
    this.lastLatencyMs = latencyMs;
    this.responded(bytes);
  }

  took(op: number, latencyMs: number): void {
    const { stats, metrics } = this.server;
    this.stats.answered(latencyMs);
    if (isRead.has(op)) metrics.readLatency.add(latencyMs);
    else metrics.updateLatency.add(latencyMs);
    stats.answered(latencyMs);
  }

  responded(bytes: number): void {
    this.stats.responded(bytes);
    this.server.stats.responded(bytes);
  }

  /** `crst`: as if it were new. */
  reset(): void {
    this.stats.reset();
    this.lastOp = 0;
    this.lastXid = -1;
    this.lastZxid = -1;
    this.lastResponseAtMs = 0;
    this.lastLatencyMs = 0;
  }
}
