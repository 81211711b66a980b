import { expect, test } from 'vitest';
import { withJvmFlags } from './jvm-flags.ts';

test('system properties of ZooKeeper count where zoo.cfg is silent; all else is for the Java machine', () => {
  const text = 'dataDir=/data\nssl.keyStore.location=/a.p12';
  expect(
    withJvmFlags(text, {
      SERVER_JVMFLAGS:
        '-Xmx1g -Dzookeeper.ssl.keyStore.location=/b.p12 -Dzookeeper.ssl.keyStore.password=x -Djava.security.auth.login.config=/jaas.conf',
      KAFKA_OPTS:
        '-Dzookeeper.authProvider.sasl=a.B -Dzookeeper.log.dir=/logs -Djute.maxbuffer=2000000 -Dother=1',
    }),
  ).toBe(
    `${text}\nssl.keyStore.password=x\njava.security.auth.login.config=/jaas.conf\nauthProvider.sasl=a.B\njute.maxbuffer=2000000\n`,
  );
  expect(withJvmFlags(text, {})).toBe(text);
});
