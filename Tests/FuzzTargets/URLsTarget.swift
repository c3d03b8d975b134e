import Foundation
import LockCore
import Lockstead
import LocksteadEngines

/// Any text as an engine's address: taken apart or refused with what to change, and never echoed where it may hold a password.
enum URLsTarget {
    static func feed(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        read(text)
        open(text)
        readDuration(text)
        let path = PercentCoding.encode(path: text)
        if !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            guard let decoded = try? PercentCoding.decode(path[...]), Array(decoded.utf8) == Array(text.utf8) else {
                broken("what was encoded decodes to itself: \(path)")
            }
        }
    }

    private static func read(_ text: String) {
        do throws(LockError) {
            let url = try EngineURL(text)
            let scheme = url.scheme.utf8
            if scheme.isEmpty || scheme.contains(where: { (0x41...0x5A).contains($0) }) {
                broken("scheme \(url.scheme)")
            }
            if Set(url.options.map(\.name)).count != url.options.count { broken("an option twice in \(text)") }
        } catch {
            if error.code != .invalidOption || error.effect != .didNotHappen { broken("the error is \(error)") }
        }
    }

    private static func open(_ text: String) {
        do throws(LockError) {
            _ = try Engines.open(text)
        } catch {
            if ![.invalidOption, .unknownEngine].contains(error.code) { broken("the error is \(error)") }
            let isSecret = text.hasPrefix("redis://:s3cret@") && text.components(separatedBy: "s3cret").count == 2
            if isSecret, error.message.contains("s3cret") { broken("a message tells a password: \(error.message)") }
        }
    }

    private static func readDuration(_ text: String) {
        guard let duration = DurationText.parse(text) else { return }
        if duration < .zero { broken("\(text) is a negative length of time") }
    }

    static var seeds: [[UInt8]] {
        [
            "file:///var/lib/locks?longestLease=5m", "memory:", "file://host/a",
            "redis://:s3cret@host:6379/0?timeout=2s", "file:///%zz",
            "etcd://a,b,c/?x=%41&y=s3cret", "1h30m", "500ms", "file:///a#b",
        ].map { Array($0.utf8) }
    }
}
