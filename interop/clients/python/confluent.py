"""confluent-kafka-python (librdkafka): admin, producer, consumer. Prints what it saw as one JSON object."""
import json, sys, time
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition, OFFSET_BEGINNING
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic, ResourceType

bootstrap = sys.argv[1]
seen = {}
admin = AdminClient({"bootstrap.servers": bootstrap})


def result(future):
    try:
        future.result(30)
        return "ok"
    except KafkaException as error:
        return error.args[0].name()


def eventually(look):
    """Asks again until there is an answer: it goes to any broker, and brokers learn of a topic one after the other."""
    end = time.time() + 30
    while True:
        try:
            found = look()
        except KafkaException:
            found = None
        if found or time.time() > end:
            return found
        time.sleep(0.05)


def partitions_of(topic, count):
    found = admin.list_topics(topic, timeout=20).topics[topic].partitions.values()
    return len(found) == count and all(p.leader > 0 for p in found) and sorted(found, key=lambda p: p.id)


def configs_of(kind, name):
    return eventually(lambda: next(iter(admin.describe_configs([ConfigResource(kind, name)]).values())).result(20))


seen["create"] = result(admin.create_topics([NewTopic("payments", 3, 3, config={"cleanup.policy": "compact"})])["payments"])
seen["create again"] = result(admin.create_topics([NewTopic("payments", 3, 3)])["payments"])
seen["create with a factor of 9"] = result(admin.create_topics([NewTopic("wide", 1, 9)])["wide"])
seen["create with a bad name"] = result(admin.create_topics([NewTopic("no/slash", 1, 1)])["no/slash"])
seen["create with an unknown key"] = result(admin.create_topics([NewTopic("odd", 1, 1, config={"no.such.key": "1"})])["odd"])
partitions = eventually(lambda: partitions_of("payments", 3))
seen["partitions"] = [(p.id, len(p.replicas), len(p.isrs), p.leader > 0) for p in partitions]
configs = configs_of(ResourceType.TOPIC, "payments")


def synonyms(config):
    return " ".join(f"{s.source}:{s.name}={s.value}" for s in config.synonyms.values())


seen["configs"] = sorted(f"{c.name}={c.value} source={c.source} default={c.is_default} readonly={c.is_read_only} {synonyms(c)}" for c in configs.values())
broker = configs_of(ResourceType.BROKER, "1")
own = ("advertised", "listeners", "log.dirs", "zookeeper.connect", "broker.id")
seen["broker configs"] = sorted(f"{c.name}={c.value} source={c.source} readonly={c.is_read_only} secret={c.is_sensitive} {synonyms(c)}"
                                for c in broker.values() if not c.name.startswith(own))

delivered = []
producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "compression.type": "lz4"})
for i in range(60):
    producer.produce("payments", key=f"k{i}", value=f"v{i}", partition=i % 3, headers=[("n", str(i))],
                     on_delivery=lambda error, m: delivered.append((m.partition(), m.offset(), str(error))))
producer.flush(30)
seen["delivered"] = sorted(delivered)

consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "librdkafka-readers", "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, "session.timeout.ms": 6000})
consumer.subscribe(["payments"])
received, end = [], time.time() + 40
while len(received) < 60 and time.time() < end:
    m = consumer.poll(1)
    if m is not None and m.error() is None:
        received.append((m.partition(), m.offset(), m.key().decode(), m.value().decode(), m.headers()[0][1].decode()))
seen["received"] = sorted(received)
seen["committed"] = sorted((p.partition, p.offset) for p in consumer.commit(asynchronous=False))
seen["watermarks"] = [consumer.get_watermark_offsets(TopicPartition("payments", p), timeout=10) for p in range(3)]
seen["offsets for times"] = [p.offset for p in consumer.offsets_for_times([TopicPartition("payments", p, 1) for p in range(3)], timeout=10)]
groups = admin.list_groups("librdkafka-readers", timeout=20)
seen["group"] = [(g.id, g.state, g.protocol_type, g.protocol, len(g.members)) for g in groups]
consumer.close()

static = Consumer({"bootstrap.servers": bootstrap, "group.id": "static-readers", "group.instance.id": "one", "auto.offset.reset": "earliest"})
static.subscribe(["payments"])
got, end = 0, time.time() + 40
while got < 60 and time.time() < end:
    m = static.poll(1)
    got += m is not None and m.error() is None
seen["static member read"] = got
static.close()

seen["grow"] = result(admin.create_partitions([NewPartitions("payments", 5)])["payments"])
seen["grow to fewer"] = result(admin.create_partitions([NewPartitions("payments", 2)])["payments"])
seen["delete"] = result(admin.delete_topics(["payments"])["payments"])
seen["delete what isn't there"] = result(admin.delete_topics(["never"])["never"])
print(json.dumps(seen))
