import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.*;
import org.apache.zookeeper.*;
import org.apache.zookeeper.data.*;

/** Apache's ZooKeeper client, with what 3.4 and later have. Prints what it saw as one JSON object. */
public class ZooKeeperClient {
  static final Map<String, Object> seen = new LinkedHashMap<>();
  static final BlockingQueue<String> events = new LinkedBlockingQueue<>();

  interface Call {
    Object run() throws Exception;
  }

  static void see(String what, Call call) throws Exception {
    try {
      Object value = call.run();
      seen.put(what, value == null ? "null" : value);
    } catch (KeeperException e) {
      seen.put(what, e.code() + " " + e.getPath());
    }
  }

  static ZooKeeper connect(String servers) throws Exception {
    CountDownLatch up = new CountDownLatch(1);
    ZooKeeper zk = new ZooKeeper(servers, 10_000, e -> {
      if (e.getState() == Watcher.Event.KeeperState.SyncConnected) up.countDown();
    });
    if (!up.await(20, TimeUnit.SECONDS)) throw new IllegalStateException("no connection");
    return zk;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String stat(Stat s) {
    return s == null ? "null" : s.getVersion() + " " + s.getCversion() + " " + s.getAversion() + " " + s.getDataLength() + " " + s.getNumChildren()
        + (s.getEphemeralOwner() == 0 ? "" : " ephemeral") + (s.getCzxid() == s.getMzxid() ? " unchanged" : "") + (s.getPzxid() > s.getCzxid() ? " parent" : "");
  }

  static String event() throws InterruptedException {
    String event = events.poll(10, TimeUnit.SECONDS);
    return event == null ? "none" : event;
  }

  public static void main(String[] args) throws Exception {
    List<ACL> open = ZooDefs.Ids.OPEN_ACL_UNSAFE;
    Watcher watcher = e -> events.add(e.getType() + " " + e.getPath());
    ZooKeeper zk = connect(args[0]);
    ZooKeeper other = connect(args[0]);
    see("timeout", zk::getSessionTimeout);
    see("create", () -> zk.create("/a", bytes("one"), open, CreateMode.PERSISTENT));
    see("create again", () -> zk.create("/a", bytes("one"), open, CreateMode.PERSISTENT));
    see("create below nothing", () -> zk.create("/no/a", null, open, CreateMode.PERSISTENT));
    see("null data", () -> zk.create("/a/null", null, open, CreateMode.PERSISTENT) + zk.getData("/a/null", false, null));
    see("sequential", () -> zk.create("/a/s-", bytes("x"), open, CreateMode.PERSISTENT_SEQUENTIAL));
    see("ephemeral sequential", () -> zk.create("/a/e-", bytes("x"), open, CreateMode.EPHEMERAL_SEQUENTIAL));
    see("ephemeral", () -> zk.create("/a/eph", bytes("x"), open, CreateMode.EPHEMERAL));
    see("child of ephemeral", () -> zk.create("/a/eph/c", bytes("x"), open, CreateMode.PERSISTENT));
    Stat stat = new Stat();
    see("get", () -> new String(zk.getData("/a", false, stat)) + " " + stat(stat));
    see("set", () -> stat(zk.setData("/a", bytes("three"), 0)));
    see("set with an old version", () -> stat(zk.setData("/a", bytes("x"), 0)));
    see("children", () -> new TreeSet<>(zk.getChildren("/a", false)).toString());
    see("exists", () -> stat(zk.exists("/a/eph", false)));
    see("exists not", () -> stat(zk.exists("/b", false)));
    see("delete with children", () -> { zk.delete("/a", -1); return "ok"; });
    see("delete with a wrong version", () -> { zk.delete("/a/null", 7); return "ok"; });
    see("delete the root", () -> { try { zk.delete("/", -1); return "ok"; } catch (IllegalArgumentException e) { return "refused"; } });

    see("watch data", () -> { zk.getData("/a", watcher, null); other.setData("/a", bytes("w"), -1); return event(); });
    see("watch children", () -> { zk.getChildren("/a", watcher); other.create("/a/new", null, open, CreateMode.PERSISTENT); return event(); });
    see("watch what isn't there", () -> { zk.exists("/later", watcher); other.create("/later", null, open, CreateMode.PERSISTENT); return event(); });
    see("watch a deletion", () -> { zk.exists("/later", watcher); zk.getChildren("/later", watcher); other.delete("/later", -1); return event() + " " + events.size(); });

    see("multi", () -> zk.multi(List.of(Op.create("/m", bytes("1"), open, CreateMode.PERSISTENT), Op.setData("/m", bytes("2"), 0), Op.check("/m", 1), Op.delete("/m", 1))).size());
    see("multi that fails", () -> {
      try {
        zk.multi(List.of(Op.create("/m", bytes("1"), open, CreateMode.PERSISTENT), Op.check("/a", 99)));
        return "ok";
      } catch (KeeperException e) {
        StringBuilder out = new StringBuilder(e.code().toString());
        for (OpResult r : e.getResults()) out.append(' ').append(r instanceof OpResult.ErrorResult x ? x.getErr() : r.getType());
        return out.toString();
      }
    });
    see("nothing of it stayed", () -> stat(zk.exists("/m", false)));

    zk.addAuthInfo("digest", bytes("ann:secret"));
    see("acl", () -> zk.create("/mine", bytes("x"), ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT));
    see("other can't read", () -> new String(other.getData("/mine", false, null)));
    see("own acl", () -> zk.getACL("/mine", new Stat()).toString().trim());
    see("set acl", () -> stat(zk.setACL("/mine", open, 0)));
    see("other can read now", () -> new String(other.getData("/mine", false, null)));
    see("unknown scheme", () -> zk.create("/odd", null, Arrays.asList(new ACL(31, new Id("nobody", "x"))), CreateMode.PERSISTENT));
    see("empty acl", () -> zk.create("/odd", null, new ArrayList<>(), CreateMode.PERSISTENT));
    see("long data", () -> stat(zk.setData("/a", new byte[1_000_000], -1)));
    see("sync", () -> {
      CompletableFuture<String> done = new CompletableFuture<>();
      zk.sync("/a", (rc, path, ctx) -> done.complete(rc + " " + path), null);
      return done.get(10, TimeUnit.SECONDS);
    });
    CountDownLatch many = new CountDownLatch(1000);
    for (int i = 0; i < 1000; i++) zk.create("/a/many-" + i, bytes("" + i), open, CreateMode.PERSISTENT, (rc, path, ctx, name) -> { if (rc == 0) many.countDown(); }, null);
    see("a thousand in flight", () -> many.await(30, TimeUnit.SECONDS));
    see("all of them", () -> zk.getChildren("/a", false).size());
    see("session moves", () -> {
      CountDownLatch up = new CountDownLatch(1);
      ZooKeeper moved = new ZooKeeper(args[0], 10_000, e -> up.countDown(), other.getSessionId(), other.getSessionPasswd());
      up.await(10, TimeUnit.SECONDS);
      boolean same = moved.getSessionId() == other.getSessionId();
      String data = null;
      // The other one wants its session back, and may get it first.
      for (long end = System.currentTimeMillis() + 20_000; data == null;)
        try {
          data = new String(moved.getData("/mine", false, null));
        } catch (KeeperException.ConnectionLossException e) {
          if (System.currentTimeMillis() > end) throw e;
        }
      moved.close();
      return same + " " + data;
    });
    zk.close();
    ZooKeeper after = connect(args[0]);
    see("ephemerals went with the session", () -> stat(after.exists("/a/eph", false)));
    after.close();
    System.out.println(json());
    System.exit(0);
  }

  static String json() {
    StringJoiner out = new StringJoiner(",", "{", "}");
    seen.forEach((k, v) -> out.add("\"" + k + "\":\"" + v.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ") + "\""));
    return out.toString();
  }
}
