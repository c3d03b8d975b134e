import ArgumentParser
import Lockstead

/// An error that says itself how a user is to see it.
protocol Reportable: Error {
    var failure: Failure { get }
    /// The signal this program is to die of, as its caller expects.
    var deathSignal: CInt? { get }
}

extension Reportable {
    var deathSignal: CInt? { nil }
}

/// A failure that a command has already put into words.
struct FailedCommand: Reportable {
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
        case let error as any Reportable: self = error.failure
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
            try StandardOutput.flush()
        } catch let code as ExitCode {
            throw code
        } catch let error as ValidationError {
            throw error
        } catch {
            if let signal = (error as? any Reportable)?.deathSignal { SignalDeath.die(of: signal) }
            let failure = Failure(error)
            StandardError.say(failure.message)
            throw failure.code
        }
    }
}
