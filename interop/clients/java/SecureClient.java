import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.zookeeper.*;
import org.apache.zookeeper.data.*;

/** Apache's ZooKeeper client with TLS and SASL, as its system properties say. Prints what it saw at each address, one line each. */
public class SecureClient {
  public static void main(String[] args) throws Exception {
    for (int i = 0; i < args.length; i++) System.out.println(look(args[i], "/by-java-" + i));
    System.exit(0);
  }

  static String look(String address, String path) throws Exception {
    List<String> seen = new CopyOnWriteArrayList<>();
    CountDownLatch up = new CountDownLatch(2);
    ZooKeeper zk = new ZooKeeper(address, 15_000, e -> {
      if (e.getState() == Watcher.Event.KeeperState.SaslAuthenticated) seen.add("SaslAuthenticated");
      if (e.getState() == Watcher.Event.KeeperState.AuthFailed) seen.add("AuthFailed");
      if (e.getState() != Watcher.Event.KeeperState.Disconnected) up.countDown(); // connected, then authenticated or not
    });
    if (!up.await(20, TimeUnit.SECONDS)) throw new Exception("no connection with " + address);
    zk.create(path, "x".getBytes(), ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
    seen.add(zk.getACL(path, null).stream().map(a -> a.getId().getScheme() + " " + a.getId().getId()).sorted().collect(Collectors.joining("; ")));
    seen.add(zk.whoAmI().stream().map(c -> c.getAuthScheme() + " " + c.getUser()).sorted().collect(Collectors.joining("; ")));
    try {
      zk.create("/wrong", null, Collections.singletonList(new ACL(31, new Id("x509", "no name"))), CreateMode.PERSISTENT);
      seen.add("created");
    } catch (KeeperException e) {
      seen.add(e.code().toString());
    }
    zk.close();
    return String.join(" | ", seen);
  }
}
