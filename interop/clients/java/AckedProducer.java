import java.util.*;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.*;

/**
 * Produces numbered records to a topic with acks=all and idempotence, so many a ms at most, until a line comes on standard input; prints the
 * number of each that was acknowledged.
 */
public class AckedProducer {
  public static void main(String[] args) throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", args[0]);
    p.put("acks", "all");
    p.put("enable.idempotence", "true");
    p.put("delivery.timeout.ms", "180000");
    p.put("request.timeout.ms", "5000");
    p.put("linger.ms", "1");
    int atOnce = Integer.parseInt(args[2]);
    StringBuilder acked = new StringBuilder();
    AtomicLong failed = new AtomicLong();
    try (Producer<String, String> producer = new KafkaProducer<>(p, new StringSerializer(), new StringSerializer())) {
      for (int i = 0; System.in.available() == 0; i++) {
        String number = Integer.toString(i);
        producer.send(new ProducerRecord<>(args[1], number, number), (metadata, error) -> {
          synchronized (acked) {
            if (error == null) acked.append(number).append('\n');
            else failed.incrementAndGet();
          }
        });
        if (i % atOnce == 0) Thread.sleep(1);
      }
      producer.flush();
    }
    System.out.print(acked);
    System.err.println("failed " + failed);
  }
}
