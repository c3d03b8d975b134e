import ArgumentParser

/// `lockstead __guard` — the process that ends a child whose runner died.
///
/// Started by `exec`, never by hand.
struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: GuardLoop.command, abstract: "Watch over a child of exec.", shouldDisplay: false)

    @Option(help: "The socket to the runner.")
    var link: CInt
    @Option(help: "The runner's process group.")
    var runnerGroup: CInt

    func run() {
        var loop = GuardLoop(link: link, runnerGroup: runnerGroup)
        loop.run()
    }
}
