import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.TreeSet;
import java.util.function.Function;

/** What all clients did, as the JSON that `lockstead bench` reads; times in seconds. */
final class Report {
  private final StringJoiner fields = new StringJoiner(", ", "{", "}");

  Report(Options options, List<Worker> workers, int violations, double processor, double loadBefore) {
    int pairs = 0, failures = 0, retaken = 0, least = Integer.MAX_VALUE, most = 0;
    double squares = 0;
    TreeSet<String> errors = new TreeSet<>();
    for (Worker worker : workers) {
      pairs += worker.pairs;
      failures += worker.failures;
      retaken += worker.retaken;
      least = Math.min(least, worker.pairs);
      most = Math.max(most, worker.pairs);
      squares += (double) worker.pairs * worker.pairs;
      if (!worker.said.isEmpty()) {
        errors.add(quoted(worker.said));
      }
    }
    boolean isContended = options.shape.equals("contended");
    add("workload", quoted(options.workload));
    add("clients", options.clients);
    add("window", options.window);
    add("pairs", pairs);
    add("pairsPerSecond", pairs / options.window);
    add("acquire", summary(workers, worker -> worker.acquire));
    add("release", summary(workers, worker -> worker.release));
    add("handOver", summary(workers, worker -> worker.handOver));
    add("fairness", squares == 0 ? 1.0 : (double) pairs * pairs / (workers.size() * squares));
    add("leastOfAClient", least);
    add("mostOfAClient", most);
    add("retaken", isContended && pairs > 0 ? (Object) ((double) retaken / pairs) : "null");
    add("failures", failures);
    add("violations", violations);
    add("errors", errors);
    add("processorPerPair", pairs > 0 ? (Object) (processor / pairs) : "null");
    add("load", List.of(loadBefore, load()));
    add("processors", Runtime.getRuntime().availableProcessors());
  }

  String json() {
    return fields.toString();
  }

  private void add(String name, Object value) {
    fields.add(quoted(name) + ": " + value);
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "'").replaceAll("\\p{Cntrl}", " ") + "\"";
  }

  private static String summary(List<Worker> workers, Function<Worker, List<Long>> figure) {
    List<Long> all = new ArrayList<>();
    for (Worker worker : workers) {
      all.addAll(figure.apply(worker));
    }
    if (all.isEmpty()) {
      return "null";
    }
    Collections.sort(all);
    double mean = all.stream().mapToLong(Long::longValue).average().orElse(0) / 1e9;
    return String.format(
        Locale.ROOT, "{\"count\": %d, \"p50\": %.9f, \"p99\": %.9f, \"max\": %.9f, \"mean\": %.9f}",
        all.size(), at(all, 0.5), at(all, 0.99), all.get(all.size() - 1) / 1e9, mean);
  }

  private static double at(List<Long> sorted, double share) {
    return sorted.get(Math.min(sorted.size() - 1, (int) (share * sorted.size()))) / 1e9;
  }

  /** Seconds of processor time that this process has used. */
  static double processor() {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime() / 1e9;
  }

  static double load() {
    return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
  }
}
