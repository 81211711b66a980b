import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.*;
import org.apache.zookeeper.*;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.*;

/** The writes of 3.5 and later that 3.4 doesn't know, at one server and below one znode. Prints what came of them as one JSON object. */
public class NewerOperations {
  interface Work { String run() throws Exception; }

  static final Map<String, String> seen = new LinkedHashMap<>();

  public static void main(String[] args) throws Exception {
    String root = args[1];
    List<ACL> open = ZooDefs.Ids.OPEN_ACL_UNSAFE;
    CountDownLatch up = new CountDownLatch(1);
    ZooKeeperAdmin zk = new ZooKeeperAdmin(args[0], 20_000, e -> {
      if (e.getState() == Watcher.Event.KeeperState.SyncConnected) up.countDown();
      if (e.getState() == Watcher.Event.KeeperState.Disconnected) seen.put("connection", "lost");
    });
    if (!up.await(20, TimeUnit.SECONDS)) throw new Exception("no connection with " + args[0]);
    Stat stat = new Stat();
    saw("create2 of the root", () -> zk.create(root, bytes("root"), open, CreateMode.PERSISTENT, stat) + " " + stat.getDataLength());
    for (int i = 0; i < 3; i++) {
      String n = root + "/n" + i;
      saw("create2 " + i, () -> zk.create(n, bytes("new"), open, CreateMode.PERSISTENT, stat) + " " + stat.getDataLength() + " " + stat.getVersion());
      saw("create2 again " + i, () -> zk.create(n, bytes("new"), open, CreateMode.PERSISTENT, stat));
      saw("create2 sequential " + i, () -> zk.create(n + "/s-", bytes("s"), open, CreateMode.PERSISTENT_SEQUENTIAL, stat) + " " + stat.getDataLength());
      saw("create2 ephemeral " + i, () -> {
        zk.create(n + "/e", bytes("e"), open, CreateMode.EPHEMERAL, stat);
        return "own: " + (stat.getEphemeralOwner() == zk.getSessionId());
      });
      saw("container " + i, () -> zk.create(n + "/c", bytes("c"), open, CreateMode.CONTAINER));
      saw("container with its stat " + i, () -> zk.create(n + "/c", bytes("c"), open, CreateMode.CONTAINER, stat));
      saw("TTL " + i, () -> zk.create(n + "/t", bytes("t"), open, CreateMode.PERSISTENT_WITH_TTL, stat, 100_000));
      saw("container in a multi " + i, () -> zk.multi(List.of(
          Op.create(n + "/m", bytes("m"), open, CreateMode.PERSISTENT),
          Op.create(n + "/mc", bytes("m"), open, CreateMode.CONTAINER))).toString());
      saw("reconfig " + i, () -> new String(zk.reconfigure("server.9=127.0.0.1:1:2:observer;3", null, null, -1, stat), StandardCharsets.UTF_8));
      saw("what is there " + i, () -> new TreeSet<>(zk.getChildren(n, false)).toString());
    }
    StringJoiner out = new StringJoiner(",", "{", "}");
    seen.forEach((k, v) -> out.add("\"" + k + "\":\"" + v.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\""));
    zk.close();
    System.out.println(out);
    System.exit(0);
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static void saw(String what, Work work) throws Exception {
    try {
      seen.put(what, work.run());
    } catch (KeeperException e) {
      seen.put(what, e.code().toString());
    }
  }
}
