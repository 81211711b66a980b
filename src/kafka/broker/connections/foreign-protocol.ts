const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR_VERSION = 3;
const HTTP_METHODS = ['GET ', 'POST', 'HEAD', 'PUT ', 'OPTI', 'PRI ', 'CONN'];

/** What the first bytes of a connection are, when they are surely not Kafka's; null otherwise. A sentence's subject. */
export function foreignProtocol(bytes: Buffer): string | null {
  if (bytes.length >= 2 && bytes[0] === TLS_HANDSHAKE && bytes[1] === TLS_MAJOR_VERSION)
    return 'a client began TLS (its settings say SSL, or have an empty ssl section)';
  if (bytes.length >= 4 && HTTP_METHODS.includes(bytes.toString('latin1', 0, 4)))
    return 'a client sent an HTTP request';
  return null;
}
