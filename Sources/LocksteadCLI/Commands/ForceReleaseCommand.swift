import ArgumentParser
import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// `lockstead force-release` — takes a lock from its holder.
struct ForceReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "force-release", abstract: "Take a lock from its holders.",
        discussion: """
            The holders are told to stop. The lock is granted again when they have acknowledged or their leases have run out, so \
            that no two believe they hold it. With --now it is granted at once: a holder that is still at work then works beside \
            the next one, and only a resource that checks fencing tokens refuses its writes.
            """)

    @Argument(help: "The lock's name.", completion: NameCompletion.kind)
    var name: String
    @Option(help: "Why, for the holders and for the records.")
    var reason: String
    @Flag(help: "Do not wait for the holders: gives up mutual exclusion.")
    var now = false
    @Flag(help: "Do not ask for confirmation.")
    var yes = false
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Failure.reporting {
            let name = try LockName(name)
            try await EngineSession.with(try engine.url()) { session in
                guard try await isConfirmed(name, session) else {
                    throw FailedCommand(Failure("Nothing was released.", ExitStatus.notAcquired))
                }
                let result = try await session.client.forceRelease(name, reason: reason, now: now)
                if output.json { return try JSON.print(ForcedReleaseReport(name, result)) }
                for line in Self.lines(name, result) { print(line) }
            }
        }
    }

    /// Only a person at a terminal is asked; a script said what it wants by calling.
    private func isConfirmed(_ name: LockName, _ session: EngineSession) async throws -> Bool {
        guard !yes, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return true }
        let holders = try await session.client.inspect(name)?.holders ?? []
        guard !holders.isEmpty else { return true }
        for holder in holders { StandardError.print("\(Wording.printable(name.text)): \(Wording.holder(holder)).") }
        StandardError.print(
            now ? "Release it NOW, without waiting for the holder? [y/N]" : "Release it by force? [y/N]")
        return readLine()?.lowercased().hasPrefix("y") ?? false
    }

    static func lines(_ name: LockName, _ result: ForcedRelease) -> [String] {
        let title = Wording.printable(name.text)
        guard !result.revoked.isEmpty else { return ["\(title) was not held: nothing to release."] }
        let tokens = result.revoked.map { "\($0)" }.joined(separator: ", ")
        var lines = ["\(title): revoked token \(tokens)."]
        if result.waivedExclusion {
            lines.append(
                "It can be granted at once. Mutual exclusion is waived: the old holder may still be at work, beside the next."
            )
        } else if result.waitsAtMost > .zero {
            lines.append(
                "It is granted again when the holder has stopped, at the latest in \(Wording.duration(result.waitsAtMost))."
            )
        } else {
            lines.append("It can be granted at once.")
        }
        return lines
    }
}

/// What a forced release did, as JSON.
struct ForcedReleaseReport: Encodable, Sendable {
    let name: String
    let revoked: [String]
    let waitsAtMostMilliseconds: Int64
    let waivedExclusion: Bool

    init(_ name: LockName, _ result: ForcedRelease) {
        self.name = name.text
        revoked = result.revoked.map { "\($0)" }
        waitsAtMostMilliseconds = result.waitsAtMost.wholeMilliseconds
        waivedExclusion = result.waivedExclusion
    }
}
