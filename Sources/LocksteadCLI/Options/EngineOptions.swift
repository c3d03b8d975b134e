import ArgumentParser
import Lockstead
import LocksteadEngines

/// Which engine a command works on.
struct EngineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The engine's URL (or LOCKSTEAD_ENGINE).",
            discussion: "One of \(Self.forms). Without either, a file engine in your own state folder.",
            valueName: "url"))
    var engine: String?

    private static let forms = Engines.forms.joined(separator: ", ")

    /// The URL to open: the option, else the environment, else the user's own folder.
    func url() throws(LockError) -> String {
        if let engine { return engine }
        if let named = ProcessEnvironment.value(of: "LOCKSTEAD_ENGINE"), !named.isEmpty { return named }
        return try UserFolder.url()
    }
}
