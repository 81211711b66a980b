import java.io.File;
import java.util.*;
import org.apache.kerby.kerberos.kerb.server.SimpleKdcServer;

/**
 * A Kerberos server: Kdc REALM PORT FOLDER PRINCIPAL… Each principal gets a keytab FOLDER/name.keytab, where name is the principal
 * with _ for each /; one with ! at its end gets another key after that, so that its keytab is out of date. Says "ready" and serves until its input ends.
 */
public class Kdc {
  public static void main(String[] args) throws Exception {
    SimpleKdcServer kdc = new SimpleKdcServer();
    kdc.setWorkDir(new File(args[2]));
    kdc.setKdcRealm(args[0]);
    kdc.setKdcHost("127.0.0.1");
    kdc.setAllowUdp(false);
    kdc.setKdcTcpPort(Integer.parseInt(args[1]));
    kdc.init();
    for (String arg : Arrays.asList(args).subList(3, args.length)) {
      String principal = arg.replace("!", "");
      kdc.createPrincipal(principal);
      kdc.exportPrincipal(principal, new File(args[2], principal.replace('/', '_') + ".keytab"));
      if (arg.equals(principal)) continue;
      kdc.deletePrincipal(principal);
      kdc.createPrincipal(principal);
    }
    kdc.start();
    System.out.println("ready");
    while (System.in.read() >= 0) ;
    System.exit(0);
  }
}
