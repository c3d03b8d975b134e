import ArgumentParser
import Lockstead

/// Completes the names of live locks.
enum NameCompletion {
    /// As many as a screen takes.
    private static let limit = 200

    static let kind = CompletionKind.custom { words, _, prefix in
        // A completion that fails completes nothing: an error would be printed into the line being typed.
        (try? await names(prefix: prefix, words: words)) ?? []
    }

    private static func names(prefix: String, words: [String]) async throws -> [String] {
        try await EngineSession.with(try url(in: words)) { session in
            try await session.client.list(prefix: prefix, limit: limit).map(\.name.text)
        }
    }

    /// The engine named in the words typed so far, else as for a command without `--engine`.
    private static func url(in words: [String]) throws -> String {
        var options = EngineOptions()
        options.engine = nil
        for (index, word) in words.enumerated() {
            if word.hasPrefix("--engine=") { options.engine = String(word.dropFirst("--engine=".count)) }
            if word == "--engine", index + 1 < words.count { options.engine = words[index + 1] }
        }
        return try options.url()
    }
}
