import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;

/**
 * Runs one workload of `lockstead bench` with Curator's InterProcessMutex, and prints what came of it as the same JSON.
 *
 * <p>Usage: CuratorMutex --server HOST:PORT --shape apart|shared|contended --clients N [--hold-ms MS] [--think-ms MS] [--window S]
 * [--warm-up S] [--name NAME] [--witness FILE] [--lock mutex|write|read-write]
 *
 * <p>Each client has a connection and a session of its own, as the engine's have; `shared` is one of both for N threads. With --witness a
 * file that must not exist is made in each critical section and removed at its end, so that clients of different programs watch each other.
 */
public final class CuratorMutex {
  static final int LEASE_MS = 8_000;

  public static void main(String[] words) throws Exception {
    Options options = new Options(words);
    double before = Report.load();
    List<CuratorFramework> links = connect(options);
    List<Witness> witnesses = witnesses(options);
    CountDownLatch ready = new CountDownLatch(options.clients);
    List<Worker> workers = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int number = 0; number < options.clients; number++) {
      Worker worker =
          new Worker(options, number, links.get(number % links.size()), witnesses.get(number % witnesses.size()), ready);
      Thread thread = new Thread(worker);
      workers.add(worker);
      threads.add(thread);
      thread.start();
    }
    ready.await();
    Thread.sleep((long) (options.warmUp * 1e3));
    double used = Report.processor();
    Thread.sleep((long) (options.window * 1e3));
    used = Report.processor() - used;
    for (Thread thread : threads) {
      thread.join();
    }
    for (CuratorFramework link : links) {
      link.close();
    }
    int violations = 0;
    for (Witness witness : witnesses) {
      violations += witness.violations;
    }
    System.out.println(new Report(options, workers, violations, used, before).json());
  }

  /** One for each client, or one for all. */
  private static List<CuratorFramework> connect(Options options) throws Exception {
    List<CuratorFramework> links = new ArrayList<>();
    for (int number = 0; number < (options.shape.equals("shared") ? 1 : options.clients); number++) {
      CuratorFramework link = CuratorFrameworkFactory.newClient(options.server, LEASE_MS, 5_000, new RetryOneTime(100));
      link.start();
      link.blockUntilConnected();
      links.add(link);
    }
    return links;
  }

  /** One for all who want one name, one for each where each has its own. */
  private static List<Witness> witnesses(Options options) {
    List<Witness> witnesses = new ArrayList<>();
    boolean isOne = options.shape.equals("contended");
    for (int number = 0; number < (isOne ? 1 : options.clients); number++) {
      witnesses.add(new Witness(isOne ? options.witness : null));
    }
    return witnesses;
  }
}
