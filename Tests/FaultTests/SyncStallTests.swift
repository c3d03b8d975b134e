import Lockstead
import LocksteadTesting
import TestProcesses
import Testing

@testable import FaultKit

struct SyncStallTests {
    @Test("A held sync returns when the stall ends, and one of another file does not wait")
    func holding() async throws {
        let folder = try ScratchFolder()
        let (held, free) = (folder.path(of: "held"), folder.path(of: "free"))
        let script = """
            import os, sys
            held, free = (os.open(path, os.O_CREAT | os.O_WRONLY) for path in ('\(held)', '\(free)'))
            for line in sys.stdin:
                os.fdatasync(held if line.strip() == 'held' else free)
                print(line.strip(), flush=True)
            """
        let writer = try ChildProcess("python3", ["-c", script])
        writer.say("held")
        #expect(try await writer.line() == "held")
        let stall = try await SyncStall(of: writer.processID, file: held, log: folder.path(of: "log"))
        writer.say("free")
        #expect(try await writer.line() == "free")
        writer.say("held")
        await #expect(throws: (any Error).self) { try await writer.line(within: .milliseconds(300)) }
        await stall.end()
        #expect(try await writer.line() == "held")
        #expect(stall.heldCount == 1)
    }
}
