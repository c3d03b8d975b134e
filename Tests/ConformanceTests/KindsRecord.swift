import Foundation
import LocksteadTesting

/// Leaves one line of JSON per result in the file that `LOCKSTEAD_KINDS_OUT` names, for `dev/kinds`.
enum KindsRecord {
    private struct Line: Encodable {
        let engine: String
        let id: String
        let kinds: [String]
        let covers: [String]
        let verdict: String
        let detail: String
        let seconds: Double
    }

    static func append(_ result: ConformanceResult) throws {
        guard let path = ProcessInfo.processInfo.environment["LOCKSTEAD_KINDS_OUT"], !path.isEmpty else { return }
        let (verdict, detail) = words(for: result.verdict)
        let line = Line(
            engine: result.engine, id: result.conformanceCase.id,
            kinds: result.conformanceCase.kinds.map(\.rawValue), covers: result.conformanceCase.covers,
            verdict: verdict, detail: detail, seconds: result.duration / .seconds(1))
        var data = try JSONEncoder().encode(line)
        data.append(UInt8(ascii: "\n"))
        try write(data, to: path)
    }

    private static func words(for verdict: ConformanceResult.Verdict) -> (String, String) {
        switch verdict {
        case .passed: ("passed", "")
        case .refused(let missing): ("refused", missing.joined(separator: ", "))
        case .failed(let why): ("failed", why)
        }
    }

    private static func write(_ data: Data, to path: String) throws {
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(fileURLWithPath: path)) }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        defer { file.closeFile() }
        try file.seekToEnd()
        try file.write(contentsOf: data)
    }
}
