/** The server's side of one exchange. */
export interface SaslServer {
  /** Who the client proved to be; null: it didn't yet. */
  readonly user: string | null;
  /** Answers a client's token; null, once `user` is known: there is nothing to add. Throws a SaslError; then all is over. */
  answer(token: Buffer): Buffer | null;
  /** Nobody will answer any more. */
  dispose?(): void;
}

/** The client's side of one exchange. */
export interface SaslClient {
  /** The first token, which is the client's. */
  readonly first: Buffer;
  /** Whether the server proved who it is, too. */
  readonly isComplete: boolean;
  /** Answers a server's token; null: all is said. Throws a SaslError. */
  answer(token: Buffer): Buffer | null;
  /** Nobody will answer any more, and `isComplete` says whether all went well. */
  dispose?(): void;
}

/** Begins an exchange with a client. */
export type SaslServers = () => SaslServer;

/** Begins an exchange with a server of that name. Rejects with a SaslError. */
export type SaslClients = (host: string) => Promise<SaslClient>;

/** The other side didn't prove who it is, or what it says makes no sense. */
export class SaslError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SaslError';
  }
}
