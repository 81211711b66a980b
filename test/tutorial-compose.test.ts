import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { planFromFiles } from '../src/compose/make-plan.ts';
import { formatProblem } from '../src/wire/problem.ts';

function sentences(name: string): string[] {
  const file = `examples/tutorial/${name}`;
  const { problems } = planFromFiles({
    files: [name],
    env: {},
    texts: new Map([[name, readFileSync(file, 'utf8')]]),
  });
  return problems.map((problem) => `${problem.severity} ${formatProblem(problem)}`);
}

test('the tutorial as it was published: every mistake, its line, and what to write instead', () => {
  const found = sentences('docker-compose.as-written.yml');
  expect(found).toMatchInlineSnapshot(`
    [
      "error docker-compose.as-written.yml:4 TAB_INDENTATION: this line is indented with tabs, which YAML forbids; indent it with spaces, two for each tab",
      "error docker-compose.as-written.yml:7 TAB_INDENTATION: lines 7-24 are indented with tabs, which YAML forbids; indent them with spaces, two for each tab",
      "warning docker-compose.as-written.yml:19 ENSEMBLE_LOOPBACK: localhost:12888:13888 tells each server of the ensemble to look for this one in its own container; leave ZOOKEEPER_SERVERS out (one server is no ensemble), or write cp-zookeeper-1:12888:13888",
      "warning docker-compose.as-written.yml:20 LOG_DIR_NO_DATA: LOG_DIR of cp-zookeeper-1 is where a JVM would write its own log; no data goes there; leave it out; the data is in /var/lib/zookeeper/data and /var/lib/zookeeper/log",
      "error docker-compose.as-written.yml:22 VOLUME_PLACEHOLDER: {저장하고 싶은 호스트 경로} stands where a folder of the machine belongs; write a folder, such as ./data/cp-zookeeper-1",
      "warning docker-compose.as-written.yml:22 VOLUME_UNUSED: cp-zookeeper-1 keeps nothing in /zookeeper-logs: its data is in /var/lib/zookeeper/data and /var/lib/zookeeper/log; write ./data/cp-zookeeper-1/data:/var/lib/zookeeper/data and ./data/cp-zookeeper-1/log:/var/lib/zookeeper/log",
      "error docker-compose.as-written.yml:65 SERVICE_OUTSIDE_SERVICES: cp-kafka-1 stands at the margin, outside services:, so it is no service; indent it and all that belongs to it by two spaces, below services:",
      "error docker-compose.as-written.yml:66 TAB_INDENTATION: lines 66-87 are indented with tabs, which YAML forbids; indent them with spaces, two for each tab",
      "warning docker-compose.as-written.yml:76 LISTENER_LOOPBACK: EXTERNAL of cp-kafka-1 listens on localhost:9092, which in a container is the container itself: nobody outside reaches it; write EXTERNAL://0.0.0.0:9092 in KAFKA_LISTENERS",
      "warning docker-compose.as-written.yml:77 PORT_NOT_PUBLISHED: cp-kafka-1 tells clients to connect to localhost:9092, and doesn't publish the port; add ports: with "9092:9092" to cp-kafka-1",
      "error docker-compose.as-written.yml:85 VOLUME_PLACEHOLDER: {저장하고 싶은 호스트 경로} stands where a folder of the machine belongs; write a folder, such as ./data/cp-kafka-1",
      "error docker-compose.as-written.yml:89 SERVICE_OUTSIDE_SERVICES: cp-kafka-2 stands at the margin, outside services:, so it is no service; indent it and all that belongs to it by two spaces, below services:",
      "error docker-compose.as-written.yml:90 TAB_INDENTATION: lines 90-110 are indented with tabs, which YAML forbids; indent them with spaces, two for each tab",
      "warning docker-compose.as-written.yml:100 LISTENER_LOOPBACK: EXTERNAL of cp-kafka-2 listens on localhost:9093, which in a container is the container itself: nobody outside reaches it; write EXTERNAL://0.0.0.0:9093 in KAFKA_LISTENERS",
      "warning docker-compose.as-written.yml:101 PORT_NOT_PUBLISHED: cp-kafka-2 tells clients to connect to localhost:9093, and doesn't publish the port; add ports: with "9093:9093" to cp-kafka-2",
      "error docker-compose.as-written.yml:108 VOLUME_PLACEHOLDER: {저장하고 싶은 호스트 경로} stands where a folder of the machine belongs; write a folder, such as ./data/cp-kafka-2",
      "error docker-compose.as-written.yml:112 SERVICE_OUTSIDE_SERVICES: cp-kafka-3 stands at the margin, outside services:, so it is no service; indent it and all that belongs to it by two spaces, below services:",
      "error docker-compose.as-written.yml:113 TAB_INDENTATION: lines 113-134 are indented with tabs, which YAML forbids; indent them with spaces, two for each tab",
      "warning docker-compose.as-written.yml:123 LISTENER_LOOPBACK: EXTERNAL of cp-kafka-3 listens on localhost:9094, which in a container is the container itself: nobody outside reaches it; write EXTERNAL://0.0.0.0:9094 in KAFKA_LISTENERS",
      "warning docker-compose.as-written.yml:124 PORT_NOT_PUBLISHED: cp-kafka-3 tells clients to connect to localhost:9094, and doesn't publish the port; add ports: with "9094:9094" to cp-kafka-3",
      "error docker-compose.as-written.yml:132 VOLUME_PLACEHOLDER: {저장하고 싶은 호스트 경로} stands where a folder of the machine belongs; write a folder, such as ./data/cp-kafka-3",
    ]
  `);
});

test('the repaired tutorial is right', () => {
  expect(sentences('docker-compose.yml')).toEqual([]);
});

test('the tutorial with its ensemble is right', () => {
  expect(sentences('ensemble.yml')).toEqual([]);
});
