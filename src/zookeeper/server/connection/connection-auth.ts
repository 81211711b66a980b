import type { RareWarnings } from '../../../runtime/rare-warnings.ts';
import type { TlsConnection } from '../../../runtime/tls.ts';
import { Reader } from '../../../wire/reader.ts';
import { ErrorCode } from '../../jute/error-code.ts';
import * as messages from '../../jute/messages.ts';
import { requiredSchemes } from '../../security/config.ts';
import { SaslError, type SaslServer } from '../../security/sasl/mechanism.ts';
import type { Id } from '../../tree/acl/acl.ts';
import type { Authentication } from './auth.ts';
import type { ZooKeeperConfig } from '../config/config.ts';
import type { ServerMetrics } from '../metrics/metrics.ts';

const NOTHING = Buffer.alloc(0);

/** What a connection's authentication needs of its server. */
export interface AuthHost {
  readonly authentication: Authentication;
  readonly config: Pick<ZooKeeperConfig, 'security'>;
  readonly metrics: ServerMetrics;
  readonly warnings: RareWarnings;
  /** The server's side of an exchange; null: there is no SASL here. */
  newSasl(): SaslServer | null;
}

/** Who a client proved to be, and whether that is enough to be answered. */
export class ConnectionAuth {
  /** By its address, its certificate, its passwords. */
  ids: readonly Id[];
  /** Whether its requests are answered: `enforce.auth.enabled` may ask for more than was proven so far. */
  isEnough: boolean;
  private readonly host: AuthHost;
  private readonly place: string;
  private readonly address: string;
  private readonly required: readonly string[] | null;
  /** Made when a client first asks for it. */
  private sasl: SaslServer | null = null;

  constructor(host: AuthHost, remote: { host: string; port: number }, tls: TlsConnection | null) {
    this.host = host;
    this.address = remote.host;
    this.place = `${remote.host}:${remote.port}`;
    this.required = requiredSchemes(host.config.security);
    this.ids = [];
    this.isEnough = this.required === null;
    this.add([
      { scheme: 'ip', id: remote.host },
      ...(tls === null ? [] : host.authentication.ofCertificate(tls.peer)),
    ]);
  }

  /** An auth packet. @returns an ErrorCode; unless 0 the connection is to be closed. */
  byPacket(record: Buffer): number {
    const { scheme, auth } = messages.authPacket.decode(new Reader(record));
    const ids = this.host.authentication.authenticate(scheme ?? '', auth ?? NOTHING, this.address);
    if (ids === null) return this.failed(`${this.place} could not be authenticated by the scheme ${scheme}`);
    this.add(ids);
    return 0;
  }

  /** A token of SASL. @returns an ErrorCode and the answer; unless 0 the connection is to be closed. */
  bySasl(record: Buffer): { error: number; token: Buffer | null } {
    const { token } = messages.getSASLRequest.decode(new Reader(record));
    const sasl = (this.sasl ??= this.host.newSasl());
    if (sasl === null)
      return { error: this.failed(`${this.place} asked for SASL, which isn't set up here`), token: null };
    try {
      const answer = sasl.answer(token ?? NOTHING);
      if (sasl.user !== null) this.add(this.host.authentication.ofSasl(sasl.user));
      return { error: 0, token: answer };
    } catch (error) {
      if (!(error instanceof SaslError)) throw error;
      this.sasl = null;
      const code = this.failed(`${this.place} could not be authenticated by SASL: ${error.message}`);
      const mustSucceed = this.required?.includes('sasl') === true;
      if (mustSucceed) return { error: ErrorCode.SessionClosedRequireSaslAuth, token: null };
      return { error: this.host.config.security.allowSaslFailedClients ? 0 : code, token: null };
    }
  }

  /** The connection is over. */
  gone(): void {
    this.sasl?.dispose?.();
  }

  /** What to answer when it isn't enough. */
  refusal(): number {
    this.host.warnings.warn(
      'unproven',
      `${this.place} asked for something before it authenticated by ${this.required?.join(' or ') ?? ''}`,
    );
    return ErrorCode.SessionClosedRequireSaslAuth;
  }

  private failed(message: string): number {
    this.host.metrics.authFailures += 1;
    this.host.warnings.warn('unauthenticated', message);
    return ErrorCode.AuthFailed;
  }

  private add(ids: readonly Id[]): void {
    const known = this.ids.filter((own) => !ids.some((id) => id.scheme === own.scheme && id.id === own.id));
    this.ids = [...ids, ...known];
    if (this.required !== null) this.isEnough = this.ids.some((id) => this.required!.includes(id.scheme));
  }
}
