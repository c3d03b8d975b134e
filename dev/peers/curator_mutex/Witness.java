import java.nio.file.Files;
import java.nio.file.Path;

/** Who is inside of a critical section, who was before, and since when it is free. */
final class Witness {
  private static final int NOBODY = -1;

  private final Path file;
  private int inside = NOBODY;
  private int last = NOBODY;
  private long freed;
  int violations;

  Witness(String file) {
    this.file = file == null ? null : Path.of(file);
  }

  /** What one finds who comes in. */
  record Entry(boolean retaken, long freed) {}

  synchronized Entry enter(int number) {
    expect(inside == NOBODY);
    if (file != null) {
      try {
        Files.createFile(file);
      } catch (Exception error) {
        violations++;
      }
    }
    Entry entry = new Entry(last == number, freed);
    inside = number;
    last = number;
    return entry;
  }

  synchronized void leave(int number, long at) {
    expect(inside == number);
    if (file != null) {
      try {
        Files.delete(file);
      } catch (Exception error) {
        violations++;
      }
    }
    inside = NOBODY;
    freed = at;
  }

  private void expect(boolean fact) {
    violations += fact ? 0 : 1;
  }
}
