/// What is left to do once the mutex is free.
struct Aftermath: Sendable {
    var resumptions: [(WaitContinuation, WaitResult)] = []
    var bells: [WakeSignal] = []
    /// Whether there is news and nobody tells it.
    var hasNews = false

    var isEmpty: Bool { resumptions.isEmpty && bells.isEmpty && !hasNews }
}
