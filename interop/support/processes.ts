/** Child processes that the suites start: their output is kept, they are waited for by a condition, and only they are ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, connect } from 'node:net';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Characters of a service's output. */
const KEPT = 8_000_000;

export class Service {
  readonly name: string;
  private readonly child: ChildProcess;
  private output = '';
  private printed = '';
  private readonly end: Promise<void>;
  private isRunning = true;

  constructor(
    name: string,
    command: string,
    args: string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv; log: string },
  ) {
    this.name = name;
    mkdirSync(dirname(options.log), { recursive: true });
    this.child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    appendFileSync(options.log, '');
    const keep = (chunk: Buffer) => {
      this.output = (this.output + chunk.toString()).slice(-KEPT);
      appendFileSync(options.log, chunk);
    };
    this.child.stdout!.on('data', keep);
    this.child.stdout!.on(
      'data',
      (chunk: Buffer) => (this.printed = (this.printed + chunk.toString()).slice(-KEPT)),
    );
    this.child.stderr!.on('data', keep);
    // With all its output.
    this.end = new Promise((resolve) =>
      this.child.once('close', () => {
        this.isRunning = false;
        resolve();
      }),
    );
    endsWithThisProcess(this.child);
  }

  get pid(): number {
    return this.child.pid!;
  }

  get log(): string {
    return this.output;
  }

  /** What it wrote to its standard output. */
  get out(): string {
    return this.printed;
  }

  /** null: it runs, or was ended by a signal. */
  get exitCode(): number | null {
    return this.child.exitCode;
  }

  get running(): boolean {
    return this.isRunning;
  }

  /**
   * Stops it in its tracks: its connections stay open and it answers nobody, until it is thawed or killed. On a busy machine its threads
   * go on for a while after the signal, so that they are waited for.
   */
  async freeze(): Promise<void> {
    this.child.kill('SIGSTOP');
    const tasks = `/proc/${this.pid}/task`;
    if (!existsSync(tasks)) return;
    const stands = (task: string): boolean => {
      try {
        return /\) [TtZX]/.test(readFileSync(`${tasks}/${task}/stat`, 'utf8'));
      } catch {
        return true; // it has ended
      }
    };
    await until(`${this.name} to stand still`, () => readdirSync(tasks).every(stands));
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** Writes a line to its standard input. */
  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT' = 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    this.child.kill(signal);
    const forced = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
    await this.end;
    clearTimeout(forced);
  }
}

const undone = new Set<() => void>();

/** What must be undone however this process ends; after a test that took too long it gets a signal. @returns what says that it was. */
export function atTheEnd(undo: () => void): () => void {
  undone.add(undo);
  return () => undone.delete(undo);
}

function undoAll(): void {
  for (const undo of undone) undo();
  undone.clear();
}

process.once('exit', undoAll);
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    undoAll();
    process.kill(process.pid, signal);
  });

function endsWithThisProcess(child: ChildProcess): void {
  const ended = atTheEnd(() => child.kill('SIGKILL'));
  child.once('exit', ended);
}

/** Waits until `condition` gives something. Rejects after `timeoutMs` with what was waited for, as it is said then. */
export async function until<T>(
  what: string | (() => string),
  condition: () => Promise<T | false> | T | false,
  timeoutMs = 60_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result !== false) return result;
    if (performance.now() > end) {
      throw new Error(`waited ${timeoutMs} ms in vain for ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function listening(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => (socket.destroy(), resolve(false)));
  });
}

/** Below those that connecting sockets are given, and apart from those of the suites that run at the same time. */
const PORTS_A_WORKER = 9000;
const firstPort = 11_000 + (Number(process.env['VITEST_POOL_ID'] ?? 1) % 2) * PORTS_A_WORKER;
let nextPort = (process.pid * 61) % PORTS_A_WORKER;

/** Ports that nobody listens on now, none of them given before. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = firstPort + (nextPort++ % PORTS_A_WORKER);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: string[],
  options: { input?: string; timeoutMs?: number; cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
    endsWithThisProcess(child);
    let out = '';
    let err = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => (clearTimeout(timer), resolve({ code, out, err })));
    child.stdin.end(options.input ?? '');
  });
}
