import type { GssInitiator, Gssapi } from '../gssapi.ts';
import type { Life } from './life.ts';

/** Kerberos for a process on a host: its files lie where the host's do, and when it is dead it hears nothing more. */
export function mappedGssapi(base: Gssapi, map: (path: string) => string, life: Life): Gssapi {
  const place = (file: string): string => (file === '' ? '' : map(file));
  return {
    open(krb5Conf) {
      const kerberos = base.open(place(krb5Conf));
      return {
        defaultRealm: kerberos.defaultRealm,
        acceptor: (keys) => kerberos.acceptor({ ...keys, file: place(keys.file) }),
        initiator: (own) => mortal(kerberos.initiator({ ...own, file: place(own.file) }), life),
      };
    },
  };
}

function mortal(initiator: GssInitiator, life: Life): GssInitiator {
  return {
    begin: (service) =>
      new Promise((resolve, reject) => {
        initiator.begin(service).then(
          (begun) => {
            if (life.alive) resolve(begun);
            else begun.context.dispose();
          },
          (error: unknown) => {
            if (life.alive) reject(error as Error);
          },
        );
      }),
    forget: () => initiator.forget(),
  };
}
