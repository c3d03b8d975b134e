import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;

/** One client: acquire, hold, release, think, until the window is over. */
final class Worker implements Runnable {
  private static final int PATIENCE_SECONDS = 30;

  private final Options options;
  private final int number;
  private final Witness witness;
  private final CountDownLatch ready;
  private final InterProcessMutex mutex;

  int pairs, failures, retaken;
  final List<Long> acquire = new ArrayList<>(), release = new ArrayList<>(), handOver = new ArrayList<>();
  String said = "";

  Worker(Options options, int number, CuratorFramework link, Witness witness, CountDownLatch ready) {
    this.options = options;
    this.number = number;
    this.witness = witness;
    this.ready = ready;
    String name = options.shape.equals("contended") ? options.name : options.name + "/" + number;
    mutex = lock(link, "/" + name);
  }

  /** Of a read-write lock the first client takes the reading half: one alone, so that nobody but writers meets it. */
  private InterProcessMutex lock(CuratorFramework link, String path) {
    if (options.lock.equals("mutex")) {
      return new InterProcessMutex(link, path);
    }
    InterProcessReadWriteLock lock = new InterProcessReadWriteLock(link, path);
    return options.lock.equals("read-write") && number == 0 ? lock.readLock() : lock.writeLock();
  }

  @Override
  public void run() {
    ready.countDown();
    try {
      ready.await();
    } catch (InterruptedException error) {
      return;
    }
    long begin = System.nanoTime() + (long) (options.warmUp * 1e9);
    long end = begin + (long) (options.window * 1e9);
    for (long asked; (asked = System.nanoTime()) < end; pause(options.think)) {
      try {
        pair(asked, asked >= begin);
      } catch (Exception error) {
        // What the warm-up did is left out.
        failures += asked >= begin ? 1 : 0;
        said = said.isEmpty() ? error.toString() : said;
      }
    }
  }

  private void pair(long asked, boolean counts) throws Exception {
    if (!mutex.acquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the lock was not had in time");
    }
    long granted = System.nanoTime();
    Witness.Entry entry = witness.enter(number);
    pause(options.hold);
    long released = System.nanoTime();
    witness.leave(number, released);
    mutex.release();
    if (!counts) {
      return;
    }
    pairs++;
    acquire.add(granted - asked);
    release.add(System.nanoTime() - released);
    if (entry.retaken()) {
      retaken++;
    } else if (entry.freed() > asked) {
      // Only who waited by then was handed anything over.
      handOver.add(granted - entry.freed());
    }
  }

  private static void pause(double milliseconds) {
    long end = System.nanoTime() + (long) (milliseconds * 1e6);
    for (long rest; (rest = end - System.nanoTime()) > 0; ) {
      LockSupport.parkNanos(rest);
    }
  }
}
