import Foundation
import Glibc
import Lockstead
import TestProcesses

/// The wall clock and the syncs of one program under test, in our hand (see `preload.c.in`).
package final class Preload: Sendable {
    private let folder: String
    private let library: String
    private let name: String

    /// Builds the library where that has not been done in this folder.
    ///
    /// - Parameters:
    ///   - folder: Where the library, the orders and the log are kept.
    ///   - name: Tells apart those of one folder.
    /// - Throws: `Obstacle` where there is no compiler, and the system's errors.
    package init(in folder: String, name: String) async throws {
        (self.folder, self.name, library) = (folder, name, folder + "/preload.so")
        if access(library, R_OK) != 0 { try await Self.build(library, in: folder) }
        try write(offset: 0, stalls: false)
    }

    /// What the program needs in its environment.
    package var environment: [String: String] {
        ["LD_PRELOAD": library, "LOCKSTEAD_FAULT_ORDERS": orders, "LOCKSTEAD_FAULT_SYNCS": log]
    }

    /// Moves the program's wall clock, from now on.
    package func setWallClock(off duration: Duration) throws {
        try write(offset: TimeSpan(duration).nanoseconds, stalls: false)
    }

    /// Whether the program's syncs wait, as on a disk that has stalled.
    package func stallSyncs(_ stalls: Bool) throws { try write(offset: 0, stalls: stalls) }

    /// How long each file was when it was last synced.
    package func syncedLengths() throws -> [String: Int64] {
        guard let text = FileManager.default.contents(atPath: log) else { return [:] }
        var lengths: [String: Int64] = [:]
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            if parts.count == 2, let length = Int64(parts[0]) { lengths[String(parts[1])] = length }
        }
        return lengths
    }

    private var orders: String { "\(folder)/\(name).orders" }
    private var log: String { "\(folder)/\(name).syncs" }

    /// In place, since the program has the file in its memory.
    private func write(offset: Int64, stalls: Bool) throws {
        let file = try OpenFile.open(self.orders, O_RDWR | O_CREAT, mode: 0o644)
        let orders: [Int64] = [offset, stalls ? 1 : 0]
        let bytes = orders.withUnsafeBytes { Array($0) }
        try file.write(bytes, at: 0)
    }

    private static func build(_ library: String, in folder: String) async throws {
        let source = folder + "/preload.c"
        try Data(PackageResources.preload_c_in).write(to: URL(fileURLWithPath: source))
        do {
            let compiler = try ChildProcess("cc", ["-shared", "-fPIC", "-O2", "-o", library, source])
            guard await compiler.ended(within: .seconds(60)) == 0 else {
                throw Obstacle("cc does not build the preload")
            }
        } catch is SystemError {
            throw Obstacle("there is no C compiler (cc) to build the preload with")
        }
    }
}

/// Something that this machine lacks; a fault that needs it is skipped, which is not passed.
package struct Obstacle: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
