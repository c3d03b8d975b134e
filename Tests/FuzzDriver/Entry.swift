import Foundation
import FuzzTargets

// What libFuzzer, which brings the program's `main`, calls. The target is named in the environment, as its children inherit it.

private let environment = ProcessInfo.processInfo.environment

private let target: FuzzTarget = {
    guard let target = FuzzTarget(rawValue: environment["LOCKSTEAD_FUZZ_TARGET"] ?? "") else {
        fail("Set LOCKSTEAD_FUZZ_TARGET to one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return target
}()

/// Feeds one input; libFuzzer calls it over and over.
@_cdecl("LLVMFuzzerTestOneInput")
public func feedOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    target.feed([UInt8](UnsafeBufferPointer(start: data, count: size)))
    return 0
}

/// Writes the inputs to begin with, and ends, where the environment names a folder for them.
@_cdecl("LLVMFuzzerInitialize")
public func writeSeedsIfAsked(_: UnsafeMutableRawPointer?, _: UnsafeMutableRawPointer?) -> CInt {
    guard let folder = environment["LOCKSTEAD_FUZZ_SEEDS"] else { return 0 }
    for (number, seed) in target.seeds.enumerated() {
        let file = URL(fileURLWithPath: folder).appendingPathComponent("seed-\(number)")
        do { try Data(seed).write(to: file) } catch { fail("The seeds cannot be written: \(error)") }
    }
    exit(0)
}

private func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(64)
}
