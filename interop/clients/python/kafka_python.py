"""kafka-python: admin, producer, consumer group. Prints what it saw as one JSON object."""
import json, sys, time
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

bootstrap = sys.argv[1].split(",")
seen = {}
admin = KafkaAdminClient(bootstrap_servers=bootstrap)
admin.create_topics([NewTopic("clicks", 2, 3)])
producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type="gzip")
sent = [producer.send("clicks", key=b"k%d" % i, value=b"v%d" % i, partition=i % 2, headers=[("n", b"%d" % i)]) for i in range(40)]
producer.flush(30)
seen["sent"] = sorted((m.partition, m.offset) for m in (f.get(10) for f in sent))
consumer = KafkaConsumer("clicks", bootstrap_servers=bootstrap, group_id="python-readers", auto_offset_reset="earliest", enable_auto_commit=False)
received, end = [], time.time() + 40
while len(received) < 40 and time.time() < end:
    for records in consumer.poll(1000).values():
        received += [(m.partition, m.offset, m.key.decode(), m.value.decode(), m.headers[0][1].decode()) for m in records]
seen["received"] = sorted(received)
consumer.commit()
partitions = [TopicPartition("clicks", p) for p in range(2)]
seen["committed"] = [consumer.committed(p) for p in partitions]
seen["ends"] = [consumer.end_offsets(partitions)[p] for p in partitions]
seen["beginnings"] = [consumer.beginning_offsets(partitions)[p] for p in partitions]
consumer.close()
seen["topics"] = sorted(t for t in admin.list_topics() if not t.startswith("__"))
admin.delete_topics(["clicks"])
admin.close()
producer.close()
print(json.dumps(seen))
