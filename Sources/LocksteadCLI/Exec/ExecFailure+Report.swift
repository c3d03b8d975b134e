import ArgumentParser
import Lockstead

extension ExecFailure: Reportable {
    var deathSignal: CInt? {
        if case .interrupted(let signal) = self { signal } else { nil }
    }

    var failure: Failure {
        switch self {
        case .notAcquired(let name, let waited, let description):
            let patience = waited.map { " within \(Wording.duration($0))" } ?? ""
            let holder = description.flatMap(\.holders.first).map { " \(Wording.holder($0))" } ?? ""
            return Failure(
                "The lock \"\(name)\" was not free\(patience);\(holder.isEmpty ? "" : holder + ";") the command was not run.",
                ExitStatus.notAcquired)
        case .heldByCaller(let name):
            return Failure(
                "The lock \"\(name)\" is held by the command that started this one, so that the wait would never end; the command was not run. Take another name, or limit the wait with --wait.",
                ExitStatus.notAcquired)
        case .commandNotFound(let command):
            return Failure(
                "The command \"\(command)\" was not found; check its spelling and PATH.", ExitStatus.commandNotFound)
        case .commandNotExecutable(let file, let reason):
            return Failure(
                "\"\(file)\" cannot be run: \(reason); check its mode and its first line.",
                ExitStatus.commandNotExecutable)
        case .engineInsideProcess:
            return Failure(
                "This engine's locks are seen by one process only, so exec would protect nothing; name another with --engine.",
                ExitStatus.usage)
        case .guardDied:
            return Failure(
                "The guard process ended before the command was started; the lock was released and the command not run. Try again.",
                ExitStatus.systemFailure)
        case .lostBeforeStart(let name):
            return Failure(
                "The lock \"\(name)\" was lost before the command was started, which was not run; use a longer --lease.",
                ExitStatus.leaseLost)
        case .interrupted(let signal): return Failure("Interrupted.", ExitCode(128 + signal))
        }
    }
}
