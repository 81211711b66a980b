import { join } from 'node:path';
import { expect, test } from 'vitest';
import { brief, folderWith, read } from '../../test/support/compose-project.ts';
import type { Service } from './model.ts';
import { readProject } from './read-project.ts';

function environment(service: Service | undefined): Record<string, string> {
  return Object.fromEntries([...(service?.environment ?? [])].map(([name, { value }]) => [name, value]));
}

test('anchors, aliases, merge keys and extensions make one service of several', () => {
  const { project, problems } = read(`
x-env: &env
  A: 1
  B: 2
services:
  one: &one
    image: a
    environment:
      <<: *env
      B: 3
  two:
    <<: *one
    environment:
      <<: [{ C: 4 }, *env]
`);
  expect(problems).toEqual([]);
  expect(project.services.map(environment)).toEqual([
    { A: '1', B: '3' },
    { A: '1', B: '2', C: '4' },
  ]);
});

test('environments are maps or lists, values stay as written, and a name alone takes the callers value', () => {
  const { project } = read(
    `
services:
  a:
    image: a
    environment: { N: 1.10, T: true, E: "", X: }
  b:
    image: b
    environment:
      - N=1.10
      - URL=http://h?a=b
      - X
      - Y
`,
    { X: 'mine' },
  );
  expect(project.services.map(environment)).toEqual([
    { N: '1.10', T: 'true', E: '', X: 'mine' },
    { N: '1.10', URL: 'http://h?a=b', X: 'mine' },
  ]);
});

test('.env fills variables, the callers environment wins, env_file comes before environment', () => {
  const { project, problems } = read(
    {
      'compose.yml':
        'services:\n  a:\n    image: "img:${TAG}"\n    env_file: [a.env]\n    environment:\n      B: from compose $WHO\n',
      '.env': 'TAG=5.3.1\nWHO=file',
      'a.env': 'A=from file\nB=lost',
    },
    { WHO: 'shell' },
  );
  expect(problems).toEqual([]);
  expect(project.services[0]?.image?.value).toBe('img:5.3.1');
  expect(environment(project.services[0])).toEqual({ A: 'from file', B: 'from compose shell' });
});

test('short and long volumes, and what they are called on the machine', () => {
  const { project, problems } = read(`
services:
  a:
    image: a
    volumes:
      - ./data:/data/
      - named:/named:ro
      - /anonymous
      - type: bind
        source: /abs
        target: /long
      - { type: tmpfs, target: /tmp }
volumes:
  named:
`);
  expect(problems).toEqual([]);
  const folder = project.folder;
  expect(
    project.services[0]?.volumes.map(({ kind, source, target, readOnly }) => [
      kind,
      source,
      target,
      readOnly,
    ]),
  ).toEqual([
    ['bind', join(folder, 'data'), '/data', false],
    ['volume', 'named', '/named', true],
    ['anonymous', '', '/anonymous', false],
    ['bind', '/abs', '/long', false],
    ['tmpfs', '', '/tmp', false],
  ]);
});

test('depends_on and networks as lists and as maps', () => {
  const { project, problems } = read(`
services:
  zk: { image: zk, networks: { back: { aliases: [zoo, keeper] } } }
  a: { image: a, depends_on: [zk], networks: [back] }
  b: { image: b, depends_on: { zk: { condition: service_healthy, required: false } } }
networks:
  back:
`);
  expect(problems).toEqual([]);
  const [zk, a, b] = project.services;
  expect(zk?.networks[0]).toMatchObject({ name: 'back', aliases: ['zoo', 'keeper'] });
  expect(a?.dependsOn[0]).toMatchObject({ service: 'zk', condition: 'service_started', required: true });
  expect(b?.dependsOn[0]).toMatchObject({ service: 'zk', condition: 'service_healthy', required: false });
});

test('links are dependencies under names of their own, and extra hosts are names with addresses', () => {
  const { project, problems } = read(`
services:
  zk: { image: zk }
  a: { image: a, links: ["zk:zoo", zk], extra_hosts: ["one:10.0.0.1", "two=host-gateway"] }
`);
  expect(problems).toEqual([]);
  const a = project.services[1];
  expect(a?.dependsOn.map(({ service }) => service)).toEqual(['zk', 'zk']);
  expect(a?.links.map(({ alias }) => alias)).toEqual(['zoo', 'zk']);
  expect([...(a?.extraHosts ?? [])]).toEqual([
    ['one', '10.0.0.1'],
    ['two', 'host-gateway'],
  ]);
});

test('services of profiles run when the profile is on', () => {
  const text = 'services:\n  a: { image: a }\n  b: { image: b, profiles: [extra] }\n';
  expect(read(text).project.services.map(({ name }) => name)).toEqual(['a']);
  expect(read(text, {}, ['extra']).project.services.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(read(text, { COMPOSE_PROFILES: 'x,extra' }).project.services).toHaveLength(2);
});

test('extends takes from the same file and from another one, whose paths start where it is', () => {
  const { project, problems } = read({
    'compose.yml': `
services:
  a:
    extends: { file: base/common.yml, service: kafka }
    environment: { B: own }
  b:
    extends: a
    image: other
`,
    'base/common.yml': `
services:
  kafka:
    image: kafka
    environment: [A=base, B=base]
    volumes: ["./data:/data"]
`,
  });
  expect(problems).toEqual([]);
  const [a, b] = project.services;
  expect(environment(a)).toEqual({ A: 'base', B: 'own' });
  expect(a?.volumes[0]?.source).toBe(join(project.folder, 'base/data'));
  expect(b?.image?.value).toBe('other');
  expect(environment(b)).toEqual({ A: 'base', B: 'own' });
});

test('included files bring their services, whose paths start where they are', () => {
  const { project, problems } = read({
    'compose.yml':
      'include: [base/zk.yml, { path: base/net.yml }]\nservices:\n  a: { image: a, networks: [back] }\n',
    'base/zk.yml': 'services:\n  zk: { image: zk, volumes: ["./data:/data"] }\n',
    'base/net.yml': 'services:\n  b: { image: b }\nnetworks:\n  back:\n',
  });
  expect(problems).toEqual([]);
  expect(project.services.map(({ name }) => name).sort()).toEqual(['a', 'b', 'zk']);
  const zk = project.services.find(({ name }) => name === 'zk');
  expect(zk?.volumes[0]?.source).toBe(join(project.folder, 'base/data'));
});

test('a later file is laid over the first', () => {
  const folder = folderWith({
    'compose.yml':
      'services:\n  a:\n    image: a\n    ports: ["1:1"]\n    volumes: ["./x:/data"]\n    environment: { A: 1 }\n',
    'over.yml':
      'services:\n  a:\n    ports: ["2:2"]\n    volumes: ["./y:/data"]\n    environment: [B=2]\n  b:\n    image: b\n',
  });
  const files = [join(folder, 'compose.yml'), join(folder, 'over.yml')];
  const { project, problems } = readProject({ files, env: {} });
  expect(problems.list()).toEqual([]);
  const [a, b] = project?.services ?? [];
  expect(a?.image?.value).toBe('a');
  expect(a?.ports.map(({ hostPort }) => hostPort)).toEqual([1, 2]);
  expect(a?.volumes.map(({ source }) => source)).toEqual([join(folder, 'y')]);
  expect(environment(a)).toEqual({ A: '1', B: '2' });
  expect(b?.name).toBe('b');
});

test('every mistake is told with its line and what to write instead', () => {
  const folder = folderWith({
    'compose.yml': `services:
  a:
    image: a
    enviroment:
      A: 1
    ports: 9092
    networks: [nowhere]
    volumes:
      - lost:/data
      - nonsense
    depends_on: [b1]
    env_file: gone.env
    extends: nobody
  b:
    hostname: b
service:
  c:
    image: c
d:
  image: \${MISSING}
`,
  });
  const { problems } = readProject({ files: [join(folder, 'compose.yml')], env: {} });
  expect(brief(problems.list())).toEqual([
    '4 error SERVICE_KEY_UNKNOWN',
    '6 error LIST_EXPECTED',
    '7 error NETWORK_UNDEFINED',
    '9 error VOLUME_UNDEFINED',
    '10 error VOLUME_INVALID',
    '11 error DEPENDENCY_UNKNOWN',
    '12 error ENV_FILE_MISSING',
    '13 error EXTENDS_UNKNOWN',
    '14 error IMAGE_MISSING',
    '16 error TOP_LEVEL_KEY_UNKNOWN',
    '19 error SERVICE_OUTSIDE_SERVICES',
    '20 warning VARIABLE_UNSET',
  ]);
  const fixes = problems.list().map(({ fix }) => fix);
  expect(fixes[0]).toBe('write environment');
  expect(fixes[5]).toBe('write b');
  expect(fixes[9]).toBe('write services');
});

test.each([
  ['services:\n  a:\n    image: a: b\n', 3],
  ['services:\n  a:\n   image: a\n  image: "b\n', 4],
  ['services:\n  a: *nobody\n', 2],
])('what YAML cannot read is told with its line', (text, line) => {
  const folder = folderWith({ 'compose.yml': text });
  const { problems } = readProject({ files: [join(folder, 'compose.yml')], env: {} });
  expect(brief(problems.list())).toContain(`${line} error YAML_SYNTAX`);
});

test('an anchor that contains itself, and aliases that grow without end, are refused', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (let n = 1; n < 9; n += 1) {
    const before = String.fromCharCode(96 + n);
    const name = String.fromCharCode(97 + n);
    bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`);
  }
  for (const text of [
    'services: &s\n  a: *s\n',
    `x-bomb:\n  ${bomb.join('\n  ')}\nservices:\n  a: {image: a}\n`,
  ]) {
    const folder = folderWith({ 'compose.yml': text });
    const { problems } = readProject({ files: [join(folder, 'compose.yml')], env: {} });
    expect(problems.list().map(({ code }) => code)).toContain('YAML_TOO_LARGE');
  }
});
