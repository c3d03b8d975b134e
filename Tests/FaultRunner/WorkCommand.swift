import FaultKit
import Foundation

/// A worker, as its runner starts it.
enum WorkCommand {
    static func run(_ words: String) async {
        do {
            let options = try JSONDecoder().decode(WorkerOptions.self, from: Data(words.utf8))
            try await FaultWorker(options).run()
        } catch {
            print("failed \(error)")
            exit(1)
        }
    }
}
