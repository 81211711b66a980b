import java.util.Arrays;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import org.apache.zookeeper.*;
import org.apache.zookeeper.data.Stat;

/** A ZooKeeper load with Apache's client: SERVERS SESSIONS WINDOW BYTES READS SECONDS WARMUP. Each session is at one server. Prints one JSON line. */
public class ZooKeeperLoad {
  public static void main(String[] args) throws Exception {
    int sessions = Integer.parseInt(args[1]), window = Integer.parseInt(args[2]), reads = Integer.parseInt(args[4]);
    String[] servers = args[0].split(",");
    byte[] data = new byte[Integer.parseInt(args[3])];
    LongAdder done = new LongAdder();
    ConcurrentLinkedQueue<Long> latencies = new ConcurrentLinkedQueue<>();
    AtomicBoolean stop = new AtomicBoolean(), measuring = new AtomicBoolean();
    for (int s = 0; s < sessions; s++) {
      CountDownLatch up = new CountDownLatch(1);
      ZooKeeper zk = new ZooKeeper(servers[s % servers.length], 30_000, e -> up.countDown());
      up.await();
      String path = "/java-" + s;
      if (zk.exists(path, false) == null) zk.create(path, data, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      for (int w = 0; w < window; w++) next(zk, path, data, reads, done, latencies, stop, measuring, w * 7);
    }
    Thread.sleep(Long.parseLong(args[6]) * 1000);
    done.reset();
    measuring.set(true);
    System.err.println("measure");
    long begin = System.nanoTime();
    Thread.sleep(Long.parseLong(args[5]) * 1000);
    long count = done.sum();
    double seconds = (System.nanoTime() - begin) / 1e9;
    stop.set(true);
    long[] sorted = latencies.stream().mapToLong(Long::longValue).sorted().toArray();
    System.out.printf("{\"perSecond\":%d,\"done\":%d,\"p99Ms\":%.2f}%n", Math.round(count / seconds), count, sorted[(int) (sorted.length * 0.99)] / 1e6);
    System.exit(0);
  }

  static void next(ZooKeeper zk, String path, byte[] data, int reads, LongAdder done, ConcurrentLinkedQueue<Long> latencies, AtomicBoolean stop, AtomicBoolean measuring, int n) {
    if (stop.get()) return;
    long begin = System.nanoTime();
    if (n % 100 < reads) zk.getData(path, false, (rc, p, c, d, st) -> finished(zk, path, data, reads, done, latencies, stop, measuring, n, begin), null);
    else zk.setData(path, data, -1, (rc, p, c, st) -> finished(zk, path, data, reads, done, latencies, stop, measuring, n, begin), null);
  }

  static void finished(ZooKeeper zk, String path, byte[] data, int reads, LongAdder done, ConcurrentLinkedQueue<Long> latencies, AtomicBoolean stop, AtomicBoolean measuring, int n, long begin) {
    done.increment();
    if (measuring.get() && n % 16 == 0) latencies.add(System.nanoTime() - begin);
    next(zk, path, data, reads, done, latencies, stop, measuring, n + 1);
  }
}
