// Copy.java - Kafka Streams passing bytes on, and nothing else.
//
//   java Copy BROKERS ID IN OUT ROWS COMMIT_MS      COMMIT_MS 0: at least once
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;

public class Copy {
    public static void main(String[] args) throws Exception {
        long rows = Long.parseLong(args[4]);
        int commitMs = Integer.parseInt(args[5]);
        AtomicLong seen = new AtomicLong();
        CountDownLatch done = new CountDownLatch(1);

        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("application.id", args[1]);
        settings.put("state.dir", System.getProperty("java.io.tmpdir") + "/" + args[1]);
        settings.put("num.stream.threads", 1);
        settings.put("default.key.serde", Serdes.ByteArraySerde.class);
        settings.put("default.value.serde", Serdes.ByteArraySerde.class);
        settings.put("auto.offset.reset", "earliest");
        settings.put("producer.linger.ms", 5);
        settings.put("commit.interval.ms", commitMs == 0 ? 1000 : commitMs);
        settings.put("processing.guarantee",
                     commitMs == 0 ? StreamsConfig.AT_LEAST_ONCE : StreamsConfig.EXACTLY_ONCE_V2);

        StreamsBuilder builder = new StreamsBuilder();
        builder.<byte[], byte[]>stream(args[2])
            .mapValues(value -> {
                if (seen.incrementAndGet() == rows)
                    done.countDown();
                return value;
            })
            .to(args[3]);

        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.start();
        done.await();
        streams.close();
    }
}
