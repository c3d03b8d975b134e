import Foundation
import Lockstead
import LocksteadTesting
import TestProcesses
import Testing

@testable import FaultKit

struct PreloadTests {
    @Test("A preloaded program sees the wall clock that it is given, and its syncs are on record")
    func clockAndSyncs() async throws {
        let folder = try ScratchFolder()
        let preload = try await Preload(in: folder.path, name: "date")
        try preload.setWallClock(off: .seconds(3600))
        let date = try ChildProcess("date", ["+%s"], environment: preload.environment)
        let seen = try #require(Int64(try await date.line()))
        let off = seen - SystemTimeSource().wallClockNanoseconds / 1_000_000_000
        #expect((3590...3601).contains(off))

        let file = folder.path(of: "synced")
        let script =
            "import os; f = os.open('\(file)', os.O_CREAT | os.O_WRONLY); os.write(f, b'12345'); os.fdatasync(f); "
            + "os.write(f, b'678'); print('written', flush=True)"
        let writer = try ChildProcess("python3", ["-c", script], environment: preload.environment)
        #expect(try await writer.line() == "written")
        #expect(try preload.syncedLengths()[file] == 5)
    }
}
