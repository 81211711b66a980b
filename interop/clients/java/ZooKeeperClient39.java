import java.util.*;
import java.util.concurrent.*;
import org.apache.zookeeper.*;
import org.apache.zookeeper.data.*;

/** What Apache's ZooKeeper client has gained since 3.5. Prints what it saw as one JSON object. */
public class ZooKeeperClient39 {
  public static void main(String[] args) throws Exception {
    Map<String, String> seen = new LinkedHashMap<>();
    List<ACL> open = ZooDefs.Ids.OPEN_ACL_UNSAFE;
    CountDownLatch up = new CountDownLatch(1);
    ZooKeeper zk = new ZooKeeper(args[0], 10_000, e -> up.countDown());
    up.await(20, TimeUnit.SECONDS);
    Stat stat = new Stat();
    seen.put("create2", zk.create("/n", new byte[3], open, CreateMode.PERSISTENT, stat) + " " + stat.getDataLength() + " " + stat.getVersion());
    seen.put("container", zk.create("/c", new byte[0], open, CreateMode.CONTAINER, stat) + " " + stat.getEphemeralOwner());
    try {
      zk.create("/t", new byte[0], open, CreateMode.PERSISTENT_WITH_TTL, stat, 1000);
      seen.put("ttl", "ok");
    } catch (KeeperException e) {
      seen.put("ttl", e.code().toString());
    }
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    Watcher watcher = e -> events.add(e.getType() + " " + e.getPath());
    zk.addWatch("/n", watcher, AddWatchMode.PERSISTENT_RECURSIVE);
    zk.create("/n/a", new byte[0], open, CreateMode.PERSISTENT);
    zk.create("/n/a/b", new byte[0], open, CreateMode.EPHEMERAL);
    zk.setData("/n/a", new byte[1], -1);
    zk.delete("/n/a/b", -1);
    List<String> got = new ArrayList<>();
    for (int i = 0; i < 4; i++) got.add(String.valueOf(events.poll(10, TimeUnit.SECONDS)));
    seen.put("recursive watch", got.toString());
    zk.removeWatches("/n", watcher, Watcher.WatcherType.Any, false);
    seen.put("its removal", String.valueOf(events.poll(10, TimeUnit.SECONDS)));
    try {
      zk.removeWatches("/n", watcher, Watcher.WatcherType.Any, false);
      seen.put("remove again", "ok");
    } catch (KeeperException e) {
      seen.put("remove again", e.code().toString());
    }
    zk.addWatch("/n", watcher, AddWatchMode.PERSISTENT);
    zk.setData("/n", new byte[1], -1);
    zk.setData("/n", new byte[2], -1);
    zk.create("/n/z", new byte[0], open, CreateMode.PERSISTENT);
    got.clear();
    for (int i = 0; i < 3; i++) got.add(String.valueOf(events.poll(10, TimeUnit.SECONDS)));
    seen.put("persistent watch", got.toString());
    zk.create("/e", new byte[0], open, CreateMode.EPHEMERAL);
    seen.put("ephemerals", zk.getEphemerals().toString());
    seen.put("ephemerals below", zk.getEphemerals("/nothing").toString());
    seen.put("all children", "" + zk.getAllChildrenNumber("/n"));
    seen.put("who am I", zk.whoAmI().toString().trim().replace("\n", " "));
    List<OpResult> results = zk.multi(List.of(Op.getData("/n"), Op.getChildren("/n"), Op.getData("/missing")));
    StringBuilder kinds = new StringBuilder();
    for (OpResult r : results) kinds.append(r.getType()).append(r instanceof OpResult.ErrorResult x ? ":" + x.getErr() : "").append(' ');
    seen.put("multi read", kinds.toString());
    try {
      zk.getConfig(false, new Stat());
      seen.put("config", "ok");
    } catch (KeeperException e) {
      seen.put("config", e.code().toString());
    }
    zk.close();
    StringJoiner out = new StringJoiner(",", "{", "}");
    seen.forEach((k, v) -> out.add("\"" + k + "\":\"" + v.replace("\\", "\\\\").replace("\"", "\\\"") + "\""));
    System.out.println(out);
    System.exit(0);
  }
}
