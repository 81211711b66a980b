import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.*;

/** Apache's Java client: admin, producer, consumer. Prints what it saw as one JSON object. Run with the class path of any client version. */
public class KafkaClient {
  static final Map<String, Object> seen = new LinkedHashMap<>();

  static String result(Future<?> future) throws InterruptedException {
    try {
      future.get();
      return "ok";
    } catch (ExecutionException e) {
      return e.getCause().getClass().getSimpleName();
    }
  }

  public static void main(String[] args) throws Exception {
    Map<String, Object> base = Map.of("bootstrap.servers", args[0], "client.id", "interop");
    try (Admin admin = Admin.create(base)) {
      seen.put("create", result(admin.createTopics(List.of(new NewTopic("trades", 4, (short) 3).configs(Map.of("max.message.bytes", "2000000")))).all()));
      seen.put("create again", result(admin.createTopics(List.of(new NewTopic("trades", 4, (short) 3))).all()));
      seen.put("create with replicas", result(admin.createTopics(List.of(new NewTopic("placed", Map.of(0, List.of(3, 1), 1, List.of(2, 3))))).all()));
      seen.put("only validate", result(admin.createTopics(List.of(new NewTopic("dry", 1, (short) 1)), new CreateTopicsOptions().validateOnly(true)).all()));
      TopicDescription placed = eventually(() -> admin.describeTopics(List.of("placed")).allTopicNames().get().get("placed"));
      seen.put("placed", placed.partitions().stream().map(p -> p.partition() + " " + p.leader().id() + " " + p.replicas().stream().map(Node::id).toList()).toList());
      seen.put("cluster", admin.describeCluster().nodes().get().stream().map(Node::id).sorted().toList());

      Properties producing = new Properties();
      producing.putAll(base);
      producing.put("acks", "all");
      producing.put("compression.type", "zstd");
      producing.put("batch.size", "4096");
      List<String> sent = new ArrayList<>();
      try (Producer<String, String> producer = new KafkaProducer<>(producing, new StringSerializer(), new StringSerializer())) {
        List<Future<RecordMetadata>> futures = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
          ProducerRecord<String, String> record = new ProducerRecord<>("trades", i % 4, "k" + i, "v" + i);
          record.headers().add("n", ("" + i).getBytes());
          futures.add(producer.send(record));
        }
        for (Future<RecordMetadata> future : futures) sent.add(future.get().partition() + " " + future.get().offset());
      }
      seen.put("sent", sent);

      Properties consuming = new Properties();
      consuming.putAll(base);
      consuming.put("group.id", "java-readers");
      consuming.put("auto.offset.reset", "earliest");
      consuming.put("enable.auto.commit", "false");
      TreeSet<String> received = new TreeSet<>();
      try (Consumer<String, String> consumer = new KafkaConsumer<>(consuming, new StringDeserializer(), new StringDeserializer())) {
        consumer.subscribe(List.of("trades"));
        long end = System.currentTimeMillis() + 40_000;
        while (received.size() < 200 && System.currentTimeMillis() < end)
          for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofSeconds(1)))
            received.add(r.partition() + " " + r.offset() + " " + r.key() + " " + r.value() + " " + new String(r.headers().lastHeader("n").value()));
        consumer.commitSync();
        seen.put("by time", consumer.offsetsForTimes(Map.of(new TopicPartition("trades", 0), 1L)).get(new TopicPartition("trades", 0)).offset());
        seen.put("ends", new TreeMap<>(Map.copyOf(toText(consumer.endOffsets(List.of(new TopicPartition("trades", 0), new TopicPartition("trades", 3)))))));
        seen.put("group", describe(admin));
      }
      seen.put("received", received.size() + " " + received.hashCode());
      seen.put("committed", new TreeMap<>(toText(admin.listConsumerGroupOffsets("java-readers").partitionsToOffsetAndMetadata().get())));
      seen.put("listed", admin.listOffsets(Map.of(new TopicPartition("trades", 1), OffsetSpec.latest())).all().get().get(new TopicPartition("trades", 1)).offset());

      ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "trades");
      seen.put("alter", result(admin.incrementalAlterConfigs(Map.of(topic, List.of(new AlterConfigOp(new ConfigEntry("retention.ms", "120000"), AlterConfigOp.OpType.SET),
          new AlterConfigOp(new ConfigEntry("max.message.bytes", ""), AlterConfigOp.OpType.DELETE)))).all()));
      Config configs = admin.describeConfigs(List.of(topic)).all().get().get(topic);
      seen.put("configs", configs.entries().stream().map(c -> c.name() + "=" + c.value() + " " + c.source() + " " + c.isDefault()).sorted().toList());
      admin.deleteRecords(Map.of(new TopicPartition("trades", 0), RecordsToDelete.beforeOffset(10))).all().get();
      seen.put("earliest", admin.listOffsets(Map.of(new TopicPartition("trades", 0), OffsetSpec.earliest())).all().get().get(new TopicPartition("trades", 0)).offset());
      seen.put("log dirs", admin.describeLogDirs(List.of(1, 2, 3)).allDescriptions().get().values().stream()
          .mapToInt(dirs -> dirs.values().stream().mapToInt(d -> (int) d.replicaInfos().keySet().stream().filter(t -> t.topic().equals("trades")).count()).sum()).sum());
      seen.put("grow", result(admin.createPartitions(Map.of("trades", NewPartitions.increaseTo(6))).all()));
      seen.put("delete group", result(admin.deleteConsumerGroups(List.of("java-readers")).all()));
      seen.put("delete", result(admin.deleteTopics(List.of("trades")).all()));
      seen.put("delete unknown", result(admin.deleteTopics(List.of("nothing")).all()));
    }
    System.out.println(json(seen));
    System.exit(0);
  }

  /** Asks again until there is an answer: it goes to any broker, and brokers learn of a topic one after the other. */
  static <T> T eventually(Callable<T> ask) throws Exception {
    for (long end = System.currentTimeMillis() + 30_000;; Thread.sleep(50)) {
      try {
        return ask.call();
      } catch (ExecutionException e) {
        if (System.currentTimeMillis() > end) throw e;
      }
    }
  }

  static Object describe(Admin admin) throws Exception {
    ConsumerGroupDescription group = admin.describeConsumerGroups(List.of("java-readers")).all().get().get("java-readers");
    return List.of(group.members().size() + " members", group.partitionAssignor(), group.groupState().toString());
  }

  static Map<String, Object> toText(Map<TopicPartition, ?> map) {
    Map<String, Object> out = new HashMap<>();
    map.forEach((k, v) -> out.put(k.toString(), v instanceof OffsetAndMetadata o ? o.offset() : v));
    return out;
  }

  static String json(Object value) {
    if (value instanceof Map<?, ?> map) {
      StringJoiner out = new StringJoiner(",", "{", "}");
      map.forEach((k, v) -> out.add(json(k.toString()) + ":" + json(v)));
      return out.toString();
    }
    if (value instanceof Collection<?> list) {
      StringJoiner out = new StringJoiner(",", "[", "]");
      list.forEach(v -> out.add(json(v)));
      return out.toString();
    }
    if (value instanceof Number || value instanceof Boolean) return value.toString();
    return "\"" + String.valueOf(value).replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
