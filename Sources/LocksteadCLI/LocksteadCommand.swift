import ArgumentParser

@main
struct LocksteadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "lockstead")
}
