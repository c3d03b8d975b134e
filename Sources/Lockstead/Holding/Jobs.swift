/// Work that outlives the call that caused it: clean-up after an ambiguous answer, remote requests of local queues.
///
/// All of it runs in the client's own task group, so that `run()` owns it.
struct Jobs: Sendable {
    typealias Job = @Sendable () async -> Void
    private let stream: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    /// Hands in a job; it is dropped where the client has stopped.
    func add(_ job: @escaping Job) { continuation.yield(job) }

    /// Runs jobs until the task is cancelled, which cancels them too.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in stream { group.addTask { await job() } }
            group.cancelAll()
        }
    }

    func finish() { continuation.finish() }
}
