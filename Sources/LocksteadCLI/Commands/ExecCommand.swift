import ArgumentParser
import Lockstead

/// `lockstead exec` — runs a command while holding a lock.
struct ExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a command while holding a lock.",
        usage: "lockstead exec <name> [<options>] -- <command> ...",
        discussion: """
            Waits until the lock is free, runs the command, and ends with the command's exit code. The lease is renewed while the \
            command runs. If the lock is lost, the command gets TERM, then KILL before anyone else can get the lock, and exec ends \
            with 76; the same happens if exec itself is killed or paused.

            The command's environment holds LOCKSTEAD_NAME, LOCKSTEAD_TOKEN (the fencing token), LOCKSTEAD_ENGINE (the URL), and \
            LOCKSTEAD_DEADLINE: whole seconds since 1970, to compare with `date +%s`, until which the lock is held even if no \
            renewal succeeds.
            """)

    @Argument(help: "The lock's name, such as nightly-report.")
    var name: String
    @Option(help: "How long the lock outlives a dead or paused holder at most.")
    var lease = DurationOption(.seconds(30))
    @Option(help: "Give up with 75 after so long; without it, wait as long as it takes.")
    var wait: DurationOption?
    @Flag(help: "Give up with 75 at once if the lock is not free.")
    var noWait = false
    @Flag(help: "Share the lock with other shared holders: a read lock.")
    var shared = false
    @Option(help: "Let so many holders in at a time: a semaphore.")
    var permits: Int?
    @Option(help: "Stop the command after so long, renewed or not.")
    var maxHold: DurationOption?
    @Option(help: "What the lock is held for, shown to others; by default the command's name.")
    var purpose: String?
    @OptionGroup var engine: EngineOptions
    @Argument(parsing: .postTerminator, help: "The command and its arguments.")
    var command: [String] = []

    func validate() throws {
        if command.isEmpty { throw ValidationError("Name the command to run after --.") }
        if wait != nil, noWait { throw ValidationError("Use either --wait or --no-wait.") }
        if shared, permits != nil { throw ValidationError("Use either --shared or --permits.") }
        if let permits, !(1...LockMode.maximumPermits).contains(permits) {
            throw ValidationError("--permits takes a number from 1 to \(LockMode.maximumPermits).")
        }
    }

    func run() async throws {
        StandardDescriptors.ensureOpen()
        try await Failure.reporting {
            switch try await ExecRunner.run(try request()) {
            case .child(let end): throw ExitCode(end.code)
            case .leaseLost(let why):
                StandardError.say("The lock \"\(name)\" was lost (\(why)); the command was stopped.")
                throw ExitStatus.leaseLost
            }
        }
    }

    private func request() throws -> ExecRequest {
        ExecRequest(
            name: try LockName(name), mode: mode, lease: lease.duration, wait: patience,
            terms: HoldTerms(maximumHold: maxHold?.duration), purpose: purpose ?? command[0],
            command: command, engineURL: try engine.url())
    }

    private var mode: LockMode {
        if let permits { return .permits(count: 1, limit: permits) }
        return shared ? .shared : .exclusive
    }

    private var patience: ExecRequest.Wait { noWait ? .never : wait.map { .atMost($0.duration) } ?? .forever }
}
