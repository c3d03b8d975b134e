import Lockstead

/// `file:///folder` — the file engine.
struct FileRegistration: EngineRegistration {
    private static let longestLease = "longestLease"

    let schemes = ["file"]
    let form = "file:///folder"

    func open(_ url: EngineURL) throws(LockError) -> LockEngine {
        .file(try Self.settings(from: url))
    }

    func doctorRules(for url: EngineURL) throws(LockError) -> [any DoctorRule] {
        FileRules.all(folder: try Self.folder(of: url))
    }

    /// The folder a URL names.
    static func folder(of url: EngineURL) throws(LockError) -> String {
        guard url.authority ?? "" == "" else {
            throw refusal("has a host; a file engine is on this host, so write three slashes: file:///folder")
        }
        guard url.path.hasPrefix("/") else {
            throw refusal("has no absolute path; write three slashes and the whole path: file:///folder")
        }
        guard url.path.utf8.contains(where: { $0 != UInt8(ascii: "/") }) else {
            throw refusal("names the root folder; give the locks a folder of their own: file:///var/lib/lockstead")
        }
        try url.requireOptions(among: [longestLease])
        return url.path
    }

    static func settings(from url: EngineURL) throws(LockError) -> FileEngine {
        let folder = try folder(of: url)
        var engine = UserFolder.engine().flatMap { $0.folder == folder ? $0 : nil } ?? FileEngine(folder: folder)
        if let text = url.option(longestLease) { engine.longestLease = try duration(text) }
        return engine
    }

    private static func duration(_ text: String) throws(LockError) -> Duration {
        guard let duration = DurationText.parse(text), duration > .zero else {
            throw refusal("has no length of time after \(longestLease)=; \(DurationText.form)")
        }
        return duration
    }

    private static func refusal(_ problem: String) -> LockError {
        LockError(.invalidOption, "The file engine's URL \(problem).", effect: .didNotHappen)
    }
}
