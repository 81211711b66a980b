import { adminCommands, findAdminCommand } from './admin-commands.ts';
import { HttpResponder, plain, type HttpRequest, type HttpResponse } from './http.ts';
import type { ServerView } from './server-view.ts';

/** The admin server: http://…:8080/commands lists its commands, /commands/NAME answers one as JSON. */
export async function startAdmin(server: ServerView): Promise<() => Promise<void>> {
  const { config, runtime } = server;
  const responder = new HttpResponder(runtime, config.adminIdleTimeoutMs, (request) =>
    answerAdmin(server, request),
  );
  try {
    const at = await responder.listen({ host: config.adminAddress, port: config.adminPort });
    runtime.log.info(`the admin server is at http://${at.host}:${at.port}${config.adminCommandUrl}`);
  } catch (error) {
    runtime.log.warn(
      `there is no admin server: ${(error as Error).message}; see admin.serverPort and admin.enableServer`,
    );
  }
  return () => responder.close();
}

export function answerAdmin(server: ServerView, request: HttpRequest): HttpResponse {
  const root = server.config.adminCommandUrl.replace(/\/+$/, '');
  const path = request.path.replace(/\/+$/, '');
  if (path === root) {
    const links = [...new Set(adminCommands)]
      .map(([name]) => `<a href="${root}/${name}">${name}</a><br/>`)
      .join('\n');
    return { status: 200, contentType: 'text/html; charset=utf-8', body: `<!DOCTYPE html>\n${links}\n` };
  }
  if (!path.startsWith(`${root}/`)) return plain(404, `commands are below ${root}`);
  const name = path.slice(root.length + 1);
  const command = findAdminCommand(name);
  const body =
    command === undefined
      ? { command: name, error: `Unknown command: ${name}` }
      : { ...command.run(server), command: command.name, error: null };
  return {
    status: command === undefined ? 404 : 200,
    contentType: 'application/json; charset=utf-8',
    body: `${toJson(body)}\n`,
  };
}

/** 64-bit ids stay exact: they go through as marked text whose quotes are taken off again. No path can hold the mark. */
function toJson(body: unknown): string {
  const text = JSON.stringify(
    body,
    (_, value: unknown) => (typeof value === 'bigint' ? `\u0001${value}` : value),
    2,
  );
  return text.replace(/"\\u0001(-?\d+)"/g, '$1');
}
