import Lockstead
import TestProcesses

extension ChildProcess {
    /// Waits for its end.
    ///
    /// - Returns: How it ended, as ``ending()`` has it, or `nil` where it runs still.
    func ended(within limit: Duration) async -> CInt? {
        let time = SystemTimeSource()
        let deadline = time.now.advanced(by: limit)
        while true {
            if let code = ending() { return code }
            guard time.now < deadline, !Task.isCancelled else { return nil }
            // The system tells nobody but its parent's signal handlers, and we have none.
            _ = try? await time.sleep(until: time.now.advanced(by: .milliseconds(5)))
        }
    }
}
