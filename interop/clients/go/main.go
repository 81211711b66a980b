// franz-go: admin by raw requests, producer, consumer group. Prints what it saw as one JSON object.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func main() {
	seen := map[string]any{}
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	seeds := kgo.SeedBrokers(strings.Split(os.Args[1], ",")...)
	admin, err := kgo.NewClient(seeds)
	check(err)
	defer admin.Close()

	create := kmsg.NewPtrCreateTopicsRequest()
	create.TimeoutMillis = 20000
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "flights", 3, 3
	create.Topics = append(create.Topics, topic)
	created, err := create.RequestWith(ctx, admin)
	check(err)
	seen["create"] = created.Topics[0].ErrorCode
	again, err := create.RequestWith(ctx, admin)
	check(err)
	seen["create again"] = again.Topics[0].ErrorCode

	producer, err := kgo.NewClient(seeds, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.SnappyCompression()))
	check(err)
	var sent []string
	for i := 0; i < 90; i++ {
		record := &kgo.Record{Topic: "flights", Partition: int32(i % 3), Key: []byte(fmt.Sprint("k", i)), Value: []byte(fmt.Sprint("v", i)),
			Headers: []kgo.RecordHeader{{Key: "n", Value: []byte(fmt.Sprint(i))}}}
		result, err := producer.ProduceSync(ctx, record).First()
		check(err)
		sent = append(sent, fmt.Sprint(result.Partition, " ", result.Offset))
	}
	producer.Close()
	sort.Strings(sent)
	seen["sent"] = sent

	consumer, err := kgo.NewClient(seeds, kgo.ConsumerGroup("go-readers"), kgo.ConsumeTopics("flights"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	check(err)
	var received []string
	for len(received) < 90 {
		fetches := consumer.PollFetches(ctx)
		check(fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			received = append(received, fmt.Sprint(r.Partition, " ", r.Offset, " ", string(r.Key), " ", string(r.Value), " ", string(r.Headers[0].Value), " ", r.LeaderEpoch))
		})
	}
	check(consumer.CommitUncommittedOffsets(ctx))
	sort.Strings(received)
	seen["received"] = received
	committed := map[string]int64{}
	for partition, offset := range consumer.CommittedOffsets()["flights"] {
		committed[fmt.Sprint(partition)] = offset.Offset
	}
	seen["committed"] = committed
	consumer.Close()

	from, err := kgo.NewClient(seeds, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"flights": {1: kgo.NewOffset().At(25)}}))
	check(err)
	var tail []int64
	for len(tail) < 5 {
		fetches := from.PollFetches(ctx)
		check(fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { tail = append(tail, r.Offset) })
	}
	from.Close()
	seen["from the middle"] = tail

	remove := kmsg.NewPtrDeleteTopicsRequest()
	remove.TimeoutMillis = 20000
	remove.TopicNames = []string{"flights"}
	named := kmsg.NewDeleteTopicsRequestTopic()
	named.Topic = kmsg.StringPtr("flights")
	remove.Topics = append(remove.Topics, named)
	removed, err := remove.RequestWith(ctx, admin)
	check(err)
	seen["delete"] = removed.Topics[0].ErrorCode
	out, err := json.Marshal(seen)
	check(err)
	fmt.Println(string(out))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
