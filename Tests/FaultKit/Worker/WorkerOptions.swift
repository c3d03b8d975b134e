/// What a worker is told when it starts.
package struct WorkerOptions: Sendable, Codable {
    /// The engine's URL.
    package var engine: String
    /// The file that the workers and their runner record to, each with process numbers of its own.
    package var history: String
    /// The same for the resource that checks no tokens.
    package var control: String
    /// The folder of the resources.
    package var ledgers: String
    /// Its place among the workers, from 0.
    package var number: Int
    /// What the crowd contends for.
    package var names: [String]
    /// Milliseconds.
    package var lease: Int
    /// How many of this worker's tasks contend.
    package var tasks: Int
    /// For how long each stays inside, in milliseconds.
    package var hold: Int
    /// Each so many a time a task writes to the resources, too.
    package var writesEvery: Int
    /// How many tasks ask the engine itself, as fast as it answers.
    package var rushing = 0

    package init(
        engine: String, history: String, control: String, ledgers: String, number: Int, names: [String], lease: Int,
        tasks: Int, hold: Int, writesEvery: Int = 1
    ) {
        (self.engine, self.history, self.control, self.ledgers) = (engine, history, control, ledgers)
        (self.number, self.names, self.lease, self.tasks, self.hold) = (number, names, lease, tasks, hold)
        self.writesEvery = writesEvery
    }

    /// The numbers that its processes have in a history.
    package var processes: Range<UInt64> { Self.processes(ofWorker: number) }

    package static func processes(ofWorker number: Int) -> Range<UInt64> {
        UInt64(number) * 1_000_000_000 + 1..<UInt64(number + 1) * 1_000_000_000
    }

    /// Where the resource of a lock is.
    package static func ledger(of name: String, in folder: String, isFenced: Bool) -> String {
        folder + "/" + name.map { $0 == "/" ? "_" : "\($0)" }.joined() + (isFenced ? ".fenced" : ".unfenced")
    }
}
