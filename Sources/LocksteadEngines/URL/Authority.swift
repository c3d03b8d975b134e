/// `[user[:password]@]host[:port][,host[:port]…]`, undecoded; a host of colons stands in brackets.
struct Authority {
    struct Place {
        /// `nil` where there is none, or what stands there cannot be one.
        var host: Substring?
        var port: Substring?
    }

    var user: Substring?
    var password: Substring?
    var places: [Place]

    init(_ text: String) {
        var rest = Substring(text)
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = parts.first.flatMap { $0.isEmpty ? nil : $0 }
            password = parts.count > 1 ? parts[1] : nil
            rest = rest[rest.index(after: at)...]
        }
        places = rest.split(separator: ",", omittingEmptySubsequences: false).map(Place.init)
    }
}

extension Authority.Place {
    fileprivate init(_ text: Substring) {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return }
            host = text[text.index(after: text.startIndex)..<end]
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = parts.first
            port = parts.count > 1 ? parts[1] : nil
        }
        if host?.isEmpty ?? true { host = nil }
    }
}
