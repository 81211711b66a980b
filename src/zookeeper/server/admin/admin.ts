import type { Runtime } from '../../../runtime/runtime.ts';
import { Perms } from '../../jute/constants.ts';
import type { SecurityConfig, TlsConfig } from '../../security/config.ts';
import { tlsDoor } from '../../security/tls-door.ts';
import { TlsKeys } from '../../security/tls-keys.ts';
import { allows } from '../../tree/acl/acl.ts';
import { AdminCommands, type AdminAnswer, type AdminCommand } from './admin-commands.ts';
import { HttpResponder, plain, type Door, type HttpRequest, type HttpResponse } from './http.ts';
import { jacksonText } from './java-text.ts';
import type { ServerFacts, ServerView } from '../server-view.ts';
import { NOT_SERVING } from './words.ts';

/** The admin server: http://…:8080/commands lists its commands, /commands/NAME answers one as JSON. */
export async function startAdmin(
  facts: ServerFacts,
  /** Null: nobody is served at the moment. */
  current: () => ServerView | null,
): Promise<() => Promise<void>> {
  const { config, runtime } = facts;
  const admin = new Admin(facts, current);
  const responder = new HttpResponder(runtime, config.adminIdleTimeoutMs, (request) => admin.answer(request));
  let keys: TlsKeys | null = null;
  try {
    keys = adminKeys(runtime, config.security);
    const at = await responder.listen(
      { host: config.adminAddress, port: config.adminPort },
      keys === null ? undefined : adminDoor(runtime, config.security, keys),
    );
    const scheme = config.security.adminForceHttps ? 'https' : 'http';
    runtime.log.info(`the admin server is at ${scheme}://${at.host}:${at.port}${config.adminCommandUrl}`);
  } catch (error) {
    runtime.log.warn(
      `there is no admin server: ${(error as Error).message}; see admin.serverPort and admin.enableServer`,
    );
  }
  return () => {
    keys?.stop();
    return responder.close();
  };
}

/** Its keys are those of the quorum. Null: it goes without TLS. */
function adminKeys(runtime: Runtime, security: SecurityConfig): TlsKeys | null {
  const { adminForceHttps, adminPortUnification, adminNeedsClientAuth, quorum, quorumCertReload } = security;
  if (!adminForceHttps && !adminPortUnification) return null;
  const config: TlsConfig = { ...quorum, clientAuth: adminNeedsClientAuth ? 'need' : 'none' };
  return new TlsKeys(runtime, config, 'ssl.quorum.', quorumCertReload);
}

function adminDoor(runtime: Runtime, { adminForceHttps }: SecurityConfig, keys: TlsKeys): Door {
  return (accept) =>
    tlsDoor(runtime, { name: 'the admin server', keys, takesPlain: !adminForceHttps }, (connection) =>
      accept(connection),
    );
}

export class Admin {
  private readonly facts: ServerFacts;
  private readonly current: () => ServerView | null;
  private readonly commands: AdminCommands;

  constructor(facts: ServerFacts, current: () => ServerView | null) {
    this.facts = facts;
    this.current = current;
    this.commands = new AdminCommands(facts);
  }

  async answer(request: HttpRequest): Promise<HttpResponse> {
    const root = this.facts.config.adminCommandUrl.replace(/\/+$/, '');
    if (request.path === root || request.path === `${root}/`) {
      const links = this.commands.names.map((name) => `<a href="${root}/${name}">${name}</a>\n<br/>\n`);
      return { status: 200, contentType: '', body: links.join('') };
    }
    if (!request.path.startsWith(`${root}/`)) return plain(404, `commands are below ${root}`);
    const name = request.path.slice(root.length + 1);
    const command = this.commands.find(name);
    if (command === undefined) return json(name, { error: `Unknown command: ${name}` });
    const server = this.current();
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    if (server === null) {
      const answer = command.runIdle?.(request) ?? { error: NOT_SERVING };
      return json(command.name, answer);
    }
    const refusal = command.needsAuth ? refuse(server, request) : null;
    if (refusal !== null) return json(command.name, refusal);
    if (isGet !== (command.method === 'GET'))
      return plain(405, `${request.method} is not for ${command.name}; use ${command.method}`);
    return json(command.name, await command.run(server, request));
  }
}

const eachPerm = [Perms.READ, Perms.WRITE, Perms.CREATE, Perms.DELETE, Perms.ADMIN];

/** Who may do everything with the root znode may do these; null: this is one. */
function refuse(server: ServerView, request: HttpRequest): AdminAnswer | null {
  if (request.authorization === null) return { status: 401, error: 'Auth info is missing for the command' };
  const { authentication, tree, config } = server;
  const [scheme = '', auth, extra] = request.authorization.split(' ');
  const isComplete = extra === undefined && (auth !== undefined || scheme === 'ip');
  const credentials = Buffer.from(auth ?? '', 'utf8');
  const ids = isComplete ? authentication.authenticate(scheme, credentials, request.clientAddress) : null;
  if (ids === null) return { status: 401, error: 'Not authenticated' };
  const acl = tree.aclOf(tree.find('/')!);
  const isAllowed =
    config.skipAcl || eachPerm.every((perm) => allows(authentication.schemes, acl, perm, ids));
  return isAllowed ? null : { status: 403, error: 'Not authorized' };
}

/** The command's name and its error stand last, unless the command itself says what went wrong. */
function json(name: AdminCommand['name'], answer: AdminAnswer): HttpResponse {
  const { status = 200, body = {}, error = null, headers, stream } = answer;
  if (stream !== undefined)
    return { status, contentType: 'application/octet-stream', body: stream, ...(headers && { headers }) };
  const whole = answer.errorFirst === true ? { error, command: name } : { ...body, command: name, error };
  return {
    status,
    contentType: 'application/json',
    body: jacksonText(whole),
    ...(headers && { headers }),
  };
}
