import ArgumentParser
import Lockstead

/// `lockstead` — locks from a shell.
@main
struct LocksteadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockstead",
        abstract: "Run one job at a time, and see who holds what.",
        discussion: """
            Exit codes: a child's own; 64 wrong usage, 65 no history, 68 engine unreachable, 69 engine unavailable, 71 the \
            system refused, 73 engine out of memory, 74 engine read-only, 75 not acquired, 76 lease lost and child stopped, \
            77 not permitted, 78 TLS wrong, 126 and 127 command not executable and not found.
            """,
        version: PackageVersion.current,
        subcommands: [
            ExecCommand.self, ListCommand.self, InspectCommand.self, WatchCommand.self, ForceReleaseCommand.self,
            RepairCommand.self, DoctorCommand.self, DemoCommand.self, DemoWorkerCommand.self, GuardCommand.self,
        ] + ProofCommands.all)
}
