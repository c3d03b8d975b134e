import ArgumentParser
import FaultKit

/// The runner of `dev/faults`, and with the first argument `work` one of its workers.
@main
enum Entry {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.first == "work" else { return await FaultsCommand.main() }
        await WorkCommand.run(arguments.dropFirst().first ?? "")
    }
}
