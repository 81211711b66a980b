/** Brings what the suites need: jars from Maven, a Python environment, the command-line tools of Debian. What is there already stays. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peers, type Peer } from '../peers/peers.ts';

export const root = join(import.meta.dirname, '../..');
const cache = process.env['GREGOR_PEERS'] ?? join(root, '.cache');

/** The folder of a peer's jars. */
function libs(peer: string): string {
  return join(cache, peer, 'libs');
}

/** A class path of everything in a peer. */
export function classPath(peer: string): string {
  return join(libs(peer), '*');
}

/** A class that replaces one of ZooKeeper 3.4.14's, compiled; to be put before its jars. */
export function shim(): string {
  return join(cache, 'shim');
}

/** The program that uses franz-go, built. */
export function franzGo(): string {
  return join(cache, 'franz-go');
}

/** The program that judges histories by Porcupine, built. */
export function linearizable(): string {
  return join(cache, 'linearizable');
}

export const python = join(cache, 'python/bin/python');

export function installAll(): void {
  for (const peer of peers) installPeer(peer);
  compileShim();
  buildGoPrograms();
  installPython();
  installTool('kcat', '-V', 'kcat');
  installLibrary('libgssapi_krb5.so.2', 'libgssapi-krb5-2');
  installTool('ip', '-V', 'iproute2');
  if (!existsSync(join(root, 'interop/node_modules')))
    run('npm', ['ci', '--no-audit', '--no-fund'], join(root, 'interop'));
}

function installPeer(peer: Peer): void {
  const folder = join(cache, peer.name);
  const ready = join(folder, 'ready');
  if (existsSync(ready)) return;
  note(`fetching ${peer.name}`);
  mkdirSync(folder, { recursive: true });
  const dependencies = peer.artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  writeFileSync(
    join(folder, 'pom.xml'),
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>peers</groupId><artifactId>peer</artifactId><version>1</version><packaging>pom</packaging><dependencies>${dependencies.join('')}</dependencies></project>\n`,
  );
  run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=libs'], folder);
  const { replace } = peer;
  if (replace !== undefined) {
    const startsWith = (starts: readonly string[]) => (jar: string) =>
      starts.some((start) => jar.startsWith(start));
    for (const jar of readdirSync(libs(peer.name)).filter(startsWith(replace.drop)))
      rmSync(join(libs(peer.name), jar));
    for (const jar of readdirSync(libs(replace.from)).filter(startsWith(replace.take)))
      copyFileSync(join(libs(replace.from), jar), join(libs(peer.name), jar));
  }
  writeFileSync(ready, '');
}

function compileShim(): void {
  const name = 'org/apache/zookeeper/client/StaticHostProvider';
  if (existsSync(join(shim(), `${name}.class`))) return;
  const source = join(root, 'interop/clients/java/shim', `${name}.java`);
  run('javac', ['-cp', classPath('zookeeper-3.4.14'), '-d', shim(), source], root);
}

function buildGoPrograms(): void {
  note('building the programs in Go');
  const folder = join(root, 'interop/clients/go');
  run('go', ['build', '-o', franzGo(), '.'], folder);
  run('go', ['build', '-o', linearizable(), './linearizable'], folder);
}

function installPython(): void {
  const ready = join(cache, 'python/ready');
  if (existsSync(ready)) return;
  note('making the Python environment');
  run('python3', ['-m', 'venv', join(cache, 'python')], root);
  run(python, ['-m', 'pip', '-q', 'install', '-r', join(root, 'interop/peers/requirements.txt')], root);
  writeFileSync(ready, '');
}

/** Tools that Debian has. Only root may install them: others run the suites that can do without. */
function installTool(command: string, version: string, debianPackage: string): void {
  try {
    execFileSync(command, [version], { stdio: 'ignore' });
  } catch {
    if (process.getuid?.() !== 0) return;
    note(`installing ${debianPackage}`);
    run('apt-get', ['update', '-qq'], root);
    run('apt-get', ['install', '-y', '-qq', debianPackage], root);
  }
}

function installLibrary(library: string, debianPackage: string): void {
  const known = execFileSync('ldconfig', ['-p'], { encoding: 'utf8' });
  if (known.includes(library) || process.getuid?.() !== 0) return;
  note(`installing ${debianPackage}`);
  run('apt-get', ['update', '-qq'], root);
  run('apt-get', ['install', '-y', '-qq', debianPackage], root);
}

function run(command: string, args: string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

function note(text: string): void {
  process.stderr.write(`interop: ${text}\n`);
}
