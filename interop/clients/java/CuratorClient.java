import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.*;
import org.apache.curator.framework.recipes.cache.*;
import org.apache.curator.framework.recipes.leader.*;
import org.apache.curator.framework.recipes.locks.*;
import org.apache.curator.framework.recipes.atomic.*;
import org.apache.curator.retry.RetryOneTime;

/** Curator's locks, leader latches and caches. Prints what it saw as one JSON object. */
public class CuratorClient {
  static CuratorFramework connect(String servers) throws Exception {
    CuratorFramework client = CuratorFrameworkFactory.newClient(servers, 10_000, 10_000, new RetryOneTime(100));
    client.start();
    client.blockUntilConnected(20, TimeUnit.SECONDS);
    return client;
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> seen = new LinkedHashMap<>();
    CuratorFramework one = connect(args[0]);
    CuratorFramework two = connect(args[0]);

    AtomicInteger inside = new AtomicInteger(), most = new AtomicInteger(), done = new AtomicInteger();
    ExecutorService pool = Executors.newFixedThreadPool(8);
    List<Future<?>> work = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      CuratorFramework client = i % 2 == 0 ? one : two;
      work.add(pool.submit(() -> {
        InterProcessMutex lock = new InterProcessMutex(client, "/lock");
        for (int n = 0; n < 10; n++) {
          lock.acquire();
          most.accumulateAndGet(inside.incrementAndGet(), Math::max);
          Thread.yield();
          inside.decrementAndGet();
          done.incrementAndGet();
          lock.release();
        }
        return null;
      }));
    }
    for (Future<?> f : work) f.get(60, TimeUnit.SECONDS);
    seen.put("mutex", done.get() + " times, at most " + most.get() + " inside");

    LeaderLatch first = new LeaderLatch(one, "/leader", "first");
    LeaderLatch second = new LeaderLatch(two, "/leader", "second");
    first.start();
    first.await(20, TimeUnit.SECONDS);
    second.start();
    for (int i = 0; i < 200 && second.getParticipants().size() < 2; i++) Thread.sleep(25);
    seen.put("leader", first.hasLeadership() + " " + second.hasLeadership() + " " + second.getLeader().getId());
    first.close();
    seen.put("leadership moves", second.await(20, TimeUnit.SECONDS) + " " + second.hasLeadership());
    second.close();

    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    CuratorCache cache = CuratorCache.build(one, "/cached");
    CountDownLatch ready = new CountDownLatch(1);
    cache.listenable().addListener(CuratorCacheListener.builder().forAll((type, before, after) -> events.add(type + " " + (after != null ? after : before).getPath())).forInitialized(ready::countDown).build());
    two.create().creatingParentsIfNeeded().forPath("/cached/a", new byte[1]);
    cache.start();
    ready.await(20, TimeUnit.SECONDS);
    Set<String> initial = new TreeSet<>();
    for (int i = 0; i < 2; i++) initial.add(String.valueOf(events.poll(10, TimeUnit.SECONDS)));
    seen.put("cache at first", initial.toString());
    two.setData().forPath("/cached/a", new byte[2]);
    seen.put("cache sees a change", String.valueOf(events.poll(10, TimeUnit.SECONDS)));
    two.create().forPath("/cached/a/b", new byte[1]);
    seen.put("cache sees a birth", String.valueOf(events.poll(10, TimeUnit.SECONDS)));
    two.delete().forPath("/cached/a/b");
    seen.put("cache sees a death", String.valueOf(events.poll(10, TimeUnit.SECONDS)));
    cache.close();

    DistributedAtomicLong counter = new DistributedAtomicLong(one, "/counter", new RetryOneTime(10));
    for (int i = 0; i < 5; i++) counter.increment();
    seen.put("counter", "" + counter.get().postValue());
    InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(one, "/semaphore", 2);
    Lease a = semaphore.acquire(), b = semaphore.acquire(5, TimeUnit.SECONDS), c = semaphore.acquire(200, TimeUnit.MILLISECONDS);
    seen.put("semaphore", (a != null) + " " + (b != null) + " " + (c != null));
    one.close();
    two.close();
    StringJoiner out = new StringJoiner(",", "{", "}");
    seen.forEach((k, v) -> out.add("\"" + k + "\":\"" + v + "\""));
    System.out.println(out);
    System.exit(0);
  }
}
