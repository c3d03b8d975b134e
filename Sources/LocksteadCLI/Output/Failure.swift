import ArgumentParser
import Lockstead

/// A failure that a command has already put into words.
struct FailedCommand: Error, Sendable {
    let failure: Failure
    init(_ failure: Failure) { self.failure = failure }
}

/// Any error as a user sees it: one sentence on standard error that says what to do, and an exit code.
struct Failure: Sendable, Equatable {
    let message: String
    let code: ExitCode

    init(_ message: String, _ code: ExitCode) { (self.message, self.code) = (message, code) }

    /// What to tell of `error`.
    init(_ error: any Error) {
        switch error {
        case let error as LockError: self.init(Self.message(of: error), ExitStatus.of(error))
        case let error as SystemError: self.init("The system refused: \(error).", ExitStatus.systemFailure)
        case let error as ExecFailure: self.init(error)
        case let error as FailedCommand: self = error.failure
        case is CancellationError: self.init("Cancelled.", ExitStatus.internalFailure)
        default: self.init("\(error)", ExitStatus.internalFailure)
        }
    }

    private static func message(of error: LockError) -> String {
        let doubt = error.effect == .mayHaveHappened ? " It may have happened all the same: look with inspect." : ""
        return error.message + doubt
    }

    /// Runs a command's work; what it throws is printed and becomes the exit code.
    static func reporting(_ work: () async throws -> Void) async throws {
        do {
            try await work()
            try StandardOutput.finish()
        } catch let code as ExitCode {
            throw code
        } catch let error as ValidationError {
            throw error
        } catch {
            if case .interrupted(let signal) = error as? ExecFailure { SignalDeath.die(of: signal) }
            let failure = Failure(error)
            StandardError.say(failure.message)
            throw failure.code
        }
    }
}

extension Failure {
    private init(_ error: ExecFailure) {
        switch error {
        case .notAcquired(let name, let waited, let description):
            let patience = waited.map { " within \(Wording.duration($0))" } ?? ""
            let holder = description.flatMap(\.holders.first).map { " \(Wording.holder($0))" } ?? ""
            self.init(
                "The lock \"\(name)\" was not free\(patience);\(holder.isEmpty ? "" : holder + ";") the command was not run.",
                ExitStatus.notAcquired)
        case .heldByCaller(let name):
            self.init(
                "The lock \"\(name)\" is held by the command that started this one, so that the wait would never end; the command was not run. Take another name, or limit the wait with --wait.",
                ExitStatus.notAcquired)
        case .commandNotFound(let command):
            self.init(
                "The command \"\(command)\" was not found; check its spelling and PATH.", ExitStatus.commandNotFound)
        case .commandNotExecutable(let file, let reason):
            self.init(
                "\"\(file)\" cannot be run: \(reason); check its mode and its first line.",
                ExitStatus.commandNotExecutable)
        case .engineInsideProcess:
            self.init(
                "This engine's locks are seen by one process only, so exec would protect nothing; name another with --engine.",
                ExitStatus.usage)
        case .guardDied:
            self.init(
                "The guard process ended before the command was started; the lock was released and the command not run. Try again.",
                ExitStatus.systemFailure)
        case .lostBeforeStart(let name):
            self.init(
                "The lock \"\(name)\" was lost before the command was started, which was not run; use a longer --lease.",
                ExitStatus.leaseLost)
        case .interrupted(let signal): self.init("Interrupted.", ExitCode(128 + signal))
        }
    }
}
