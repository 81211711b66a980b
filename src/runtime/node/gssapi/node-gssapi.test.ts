import { expect, test } from 'vitest';
import { GssError } from '../../gssapi.ts';
import { nodeGssapi } from './node-gssapi.ts';

// With a KDC: interop/suites/kerberos.interop.ts.
test('a keytab that is not there is told by its path; where the library is not there, that is', () => {
  const open = (): unknown =>
    nodeGssapi.open('').acceptor({ kind: 'keytab', principal: 'zk/h@R', file: '/nowhere/zk.keytab' });
  expect(open).toThrow(GssError);
  expect(open).toThrow(/\/nowhere\/zk\.keytab|needs the library libgssapi_krb5.so.2 of MIT's/);
});
