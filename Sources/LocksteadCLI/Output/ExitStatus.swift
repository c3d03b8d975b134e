import ArgumentParser
import Lockstead

/// The exit codes of this program; they follow `sysexits.h`, and shells where a command could not be run.
enum ExitStatus {
    /// `verify` found a violation.
    static let violated = ExitCode(1)
    /// `verify` could not decide.
    static let unknown = ExitCode(2)
    static let usage = ExitCode(64)
    static let badData = ExitCode(65)
    static let engineUnreachable = ExitCode(68)
    static let engineUnavailable = ExitCode(69)
    static let internalFailure = ExitCode(70)
    static let systemFailure = ExitCode(71)
    static let engineFull = ExitCode(73)
    static let engineReadOnly = ExitCode(74)
    static let notAcquired = ExitCode(75)
    static let leaseLost = ExitCode(76)
    static let notPermitted = ExitCode(77)
    static let engineMisconfigured = ExitCode(78)
    static let commandNotExecutable = ExitCode(126)
    static let commandNotFound = ExitCode(127)

    /// The code for a failed lock operation.
    static func of(_ error: LockError) -> ExitCode {
        let status = of(error.code)
        // A lease that was lost, or a doubt, stays one, whatever the reason.
        guard status == engineUnavailable, error.effect == .didNotHappen, let fault = error.engineFault else {
            return status
        }
        return of(fault)
    }

    private static func of(_ fault: EngineFault) -> ExitCode {
        switch fault {
        case .unreachable: engineUnreachable
        case .misconfigured: engineMisconfigured
        case .readOnly: engineReadOnly
        case .full: engineFull
        }
    }

    private static func of(_ code: LockError.Code) -> ExitCode {
        switch code {
        case .invalidName, .invalidOption, .unsupported, .guaranteeTooWeak, .kindMismatch: usage
        case .timedOut, .wouldDeadlock, .limitExceeded, .reentryRefused, .upgradeRefused, .memberExists,
            .resigned:
            notAcquired
        case .leaseLost, .notHeld: leaseLost
        case .permissionDenied: notPermitted
        case .engineUnavailable, .indeterminate, .recovering, .unsuitableStorage, .corruptState, .unknownEngine,
            .notRunning, .shutDown:
            engineUnavailable
        default: internalFailure
        }
    }
}
