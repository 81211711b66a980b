import { systemProperties } from '../compose/images/config-text.ts';
import { knowsKey } from '../zookeeper/server/config/config.ts';
import { readProperties } from '../wire/properties.ts';

/** Where the scripts of Apache's ZooKeeper and of Kafka look for options of the Java machine. */
const VARIABLES = ['SERVER_JVMFLAGS', 'JVMFLAGS', 'KAFKA_OPTS'];

const PREFIX = 'zookeeper.';
const OF_JAVA = new Set(['java.security.auth.login.config', 'java.security.krb5.conf', 'jute.maxbuffer']);

/**
 * The text of zoo.cfg with what those variables set beside it (`-Dzookeeper.…`, the JAAS file): with Apache's servers the file goes first.
 * What is added stands behind the last line.
 */
export function withJvmFlags(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const known = new Set([...readProperties(text)].map(({ key }) => key));
  const added: string[] = [];
  for (const variable of VARIABLES)
    for (const [property, value] of systemProperties(environment[variable] ?? '')) {
      const key = property.startsWith(PREFIX) ? property.slice(PREFIX.length) : property;
      if ((key === property && !OF_JAVA.has(key)) || known.has(key) || !knowsKey(key)) continue;
      known.add(key);
      added.push(`${key}=${value.replaceAll('\\', '\\\\')}`);
    }
  return added.length === 0 ? text : `${text.replace(/\n*$/, '\n')}${added.join('\n')}\n`;
}
