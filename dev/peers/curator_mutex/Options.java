import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** What the command line says. */
final class Options {
  private static final Set<String> KNOWN =
      Set.of("server", "workload", "shape", "clients", "hold-ms", "think-ms", "window", "warm-up", "name", "witness", "lock");

  final String server, workload, shape, name, witness, lock;
  final int clients;
  final double hold, think, window, warmUp;

  Options(String[] words) {
    Map<String, String> given = new HashMap<>();
    for (int place = 0; place + 1 < words.length; place += 2) {
      String option = words[place].replaceFirst("^--", "");
      if (!KNOWN.contains(option)) {
        throw new IllegalArgumentException("There is no option " + words[place] + ".");
      }
      given.put(option, words[place + 1]);
    }
    server = given.get("server");
    shape = given.getOrDefault("shape", "");
    if (server == null || !Set.of("apart", "shared", "contended").contains(shape)) {
      throw new IllegalArgumentException("Give --server HOST:PORT and --shape apart, shared or contended.");
    }
    workload = given.getOrDefault("workload", shape);
    clients = Integer.parseInt(given.getOrDefault("clients", "1"));
    hold = Double.parseDouble(given.getOrDefault("hold-ms", "0"));
    think = Double.parseDouble(given.getOrDefault("think-ms", "0"));
    window = Double.parseDouble(given.getOrDefault("window", "5"));
    warmUp = Double.parseDouble(given.getOrDefault("warm-up", "1"));
    name = given.getOrDefault("name", "peer-bench-" + ProcessHandle.current().pid());
    witness = given.get("witness");
    lock = given.getOrDefault("lock", "mutex");
    if (!Set.of("mutex", "write", "read-write").contains(lock)) {
      throw new IllegalArgumentException("Give --lock mutex, write or read-write.");
    }
  }
}
