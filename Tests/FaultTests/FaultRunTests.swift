import Foundation
import Lockstead
import LocksteadTesting
import TestProcesses
import Testing

@testable import FaultKit

struct FaultRunTests {
    private func folder() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("lockstead-fault-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        return path.path
    }

    @Test("F-G2 on the file engine, end to end: a killed holder's lock goes on, and nobody waits behind the dead")
    func killedClient() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }  // What stays is the system's to remove.
        var setting = StageSetting(folder: folder, program: try ChildProcess.built("LocksteadFaults"))
        setting.lease = .seconds(2)
        let kind = FileKind()
        let mode = try #require(kind.modes(of: .clientKilled).first)
        let report = await FaultRun(kind, .clientKilled, mode, setting).report()
        #expect(report.verdict == .held, "\(report.inWords)")
        #expect(report.grants > 10 && report.overlaps == 0 && report.lostUpdates == 0)
        #expect(try #require(report.secondsToFirstGrant) < 3.1)
    }

    @Test("A fault of the network is skipped where there is none, which is not passed")
    func skipped() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }  // What stays is the system's to remove.
        let setting = StageSetting(folder: folder, program: try ChildProcess.built("LocksteadFaults"))
        let report = await FaultRun(FileKind(), .clientCutOff, FaultMode("synced"), setting).report()
        #expect(report.verdict == .skipped)
        #expect(report.reasons == ["the file engine has no network"])
    }

    @Test("A run that breaks off is no pass")
    func broken() async throws {
        let setting = StageSetting(folder: "/nowhere", program: "/bin/false")
        let report = await FaultRun(FileKind(), .clientKilled, FaultMode("synced"), setting).report()
        #expect(report.verdict == .violated && report.reasons.count == 1)
    }
}
