import java.util.*;
import java.util.concurrent.*;
import org.apache.zookeeper.*;
import org.apache.zookeeper.data.*;

/**
 * Apache's ZooKeeper client that is content with reading. Writes a znode and says "ready"; when it is told to on its standard input, reads at
 * a server without a quorum, says "read", and waits until it may write again. Prints what it saw, a line each, and then "end".
 */
public class ReadOnlyClient {
  public static void main(String[] args) throws Exception {
    try (ZooKeeper zk = connect(args[0], false)) {
      zk.create("/a", "kept".getBytes(), ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    }
    System.out.println("ready");
    System.in.read();
    ZooKeeper zk = connect(args[0], true);
    System.out.println(zk.getState());
    System.out.println("read: " + new String(zk.getData("/a", false, null)));
    System.out.println("write: " + write(zk));
    CompletableFuture<Integer> synced = new CompletableFuture<>();
    zk.sync("/a", (code, path, context) -> synced.complete(code), null);
    System.out.println("sync: " + KeeperException.Code.get(synced.get(20, TimeUnit.SECONDS)));
    System.out.println("children: " + zk.getChildren("/", false).size());
    System.out.println("read");
    long end = System.nanoTime() + 40_000_000_000L;
    while (zk.getState() != ZooKeeper.States.CONNECTED && System.nanoTime() < end) Thread.sleep(20);
    System.out.println(zk.getState());
    System.out.println("write: " + write(zk));
    System.out.println("read: " + new String(zk.getData("/a", false, null)));
    System.out.println("end");
    System.exit(0);
  }

  static ZooKeeper connect(String address, boolean canBeReadOnly) throws Exception {
    CountDownLatch up = new CountDownLatch(1);
    ZooKeeper zk = new ZooKeeper(address, 15_000, e -> {
      if (e.getState() == Watcher.Event.KeeperState.SyncConnected || e.getState() == Watcher.Event.KeeperState.ConnectedReadOnly) up.countDown();
    }, canBeReadOnly);
    if (!up.await(20, TimeUnit.SECONDS)) throw new Exception("no connection with " + address);
    return zk;
  }

  static String write(ZooKeeper zk) throws Exception {
    try {
      zk.setData("/a", "changed".getBytes(), -1);
      return "OK";
    } catch (KeeperException e) {
      return e.code().toString();
    }
  }
}
