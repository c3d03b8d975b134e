package import LockCore

/// Texts as single words without spaces: percent-encoded (RFC 3986, section 2.1) where a byte is no plain one.
package enum WordCoding {
    package static func encode(_ text: String) -> String {
        if text.utf8.allSatisfy(isPlain) { return text }
        return text.utf8.reduce(into: "") { word, byte in
            if isPlain(byte) {
                word.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                word += (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
            }
        }
    }

    /// Reads what ``encode(_:)`` wrote; a record that another program damaged gives what can be read of it.
    package static func decode(_ word: Substring) -> String {
        guard word.utf8.contains(UInt8(ascii: "%")) else { return String(word) }
        var bytes: [UInt8] = []
        var rest = word.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "%") && byte != UInt8(ascii: ",")
    }
}

extension HolderNote {
    /// `host,process,purpose,trace` as one word.
    package var word: String {
        [WordCoding.encode(host), "\(processID)", WordCoding.encode(purpose), WordCoding.encode(traceID)]
            .joined(separator: ",")
    }

    /// Reads what ``word`` wrote.
    package init(word: Substring) {
        let parts = word.split(separator: ",", omittingEmptySubsequences: false)
        func part(_ index: Int) -> String { index < parts.count ? WordCoding.decode(parts[index]) : "" }
        self.init(host: part(0), processID: Int32(part(1)) ?? 0, purpose: part(2), traceID: part(3))
    }
}

extension LockMode {
    /// As the scripts write it.
    package var word: String {
        switch self {
        case .exclusive: "x"
        case .shared: "s"
        case .permits(let count, let limit): "p:\(count):\(limit)"
        }
    }

    /// Reads what ``word`` wrote; `nil` for anything else.
    package init?(word: Substring) {
        let parts = word.split(separator: ":")
        switch (parts.first, parts.count) {
        case ("x", 1): self = .exclusive
        case ("s", 1): self = .shared
        case ("p", 3):
            guard let count = Int(parts[1]), let limit = Int(parts[2]) else { return nil }
            self = .permits(count: count, limit: limit)
        default: return nil
        }
    }
}

extension LockKind {
    /// Reads how the scripts name a kind.
    package init?(word: String) {
        if word == "rw" {
            self = .readWrite
        } else if word.hasPrefix("p"), let limit = Int(word.dropFirst()) {
            self = .semaphore(limit: limit)
        } else {
            return nil
        }
    }
}
