import Lockstead

// A watch that was lost unnoticed leaves its waiter asleep. So all that wait in this client are looked at together, by few reads of
// single keys: nobody wakes in vain, and a queue of thousands costs the cluster no more than its waiters here.
extension EtcdBackend {
    /// RULES 20: the longest time that a free lock with a waiter goes unnoticed, whatever was lost.
    private static let roundTime = Duration.seconds(1)
    /// Two reads each; members take at most 128 operations in a transaction.
    private static let waitsAtOnce = 60
    /// A cluster that was silent for so long is asked by those who wait themselves: they know how long they will go on.
    private static let silence = Duration.seconds(5)

    /// Runs until the backend stops.
    func lookAtAllWaits() async {
        while !Task.isCancelled {
            guard !waits.isEmpty else {
                // The loop looks at what ended it.
                _ = try? await waits.came.sleep(until: nil, on: time)
                continue
            }
            await pause(Self.roundTime)
            await lookAtWaits()
        }
    }

    private func lookAtWaits() async {
        let (behindOne, short) = waits.all.partitioned { $0.standing != .short }
        for start in stride(from: 0, to: behindOne.count, by: Self.waitsAtOnce) {
            await look(at: behindOne[start..<min(start + Self.waitsAtOnce, behindOne.count)])
        }
        for (keys, sleepers) in Dictionary(grouping: short, by: \.keys) { await look(at: sleepers, in: keys) }
        if client.lastHeard.advanced(by: Self.silence) < time.now { for wait in waits.all { wait.ask.bell.ring() } }
    }

    /// Whether each waiter's own key is there, and the one that it waits for as it was.
    private func look(at sleepers: ArraySlice<WaitBook.Wait>) async {
        let pairs = sleepers.compactMap { wait -> (WaitBook.Wait, KeyBytes)? in
            if case .behind(let key) = wait.standing { (wait, key) } else { nil }
        }
        let ranges = pairs.flatMap { [.presence(of: $0.own), Etcdserverpb_RangeRequest.presence(of: $1)] }
        guard !pairs.isEmpty, case .success(let seen) = await read(ranges, until: roundEnd) else { return }
        let found = seen.reads.map(\.kvs.first)
        for (index, (wait, _)) in pairs.enumerated() {
            let (own, other) = (found[index * 2], found[index * 2 + 1])
            let isAsBefore =
                own?.createRevision == wait.created && other.map { $0.modRevision <= wait.revision } ?? false
            if !isAsBefore { wait.ask.bell.ring() }
        }
    }

    /// Permits are short as long as the whole queue says so.
    private func look(at sleepers: [WaitBook.Wait], in keys: LockKeys) async {
        let answer = await ask(Etcdserverpb_RangeRequest(keys.contenders), until: roundEnd)
        guard case .success(let answered) = answer else { return }
        let queue = ContenderQueue(answered.answer, of: keys)
        for wait in sleepers where QueueStanding(of: wait.own, created: wait.created, in: queue) != .short {
            wait.ask.bell.ring()
        }
    }

    /// Long, so that a slow member's answer is waited for: one of 3.5.0 to 3.5.6 dies of a transaction of reads that its client gives up.
    private var roundEnd: ContinuousTime { time.now.advanced(by: engine.configuration.timeouts.call) }
}

extension Array {
    fileprivate func partitioned(_ isFirst: (Element) -> Bool) -> ([Element], [Element]) {
        (filter(isFirst), filter { !isFirst($0) })
    }
}

extension Etcdserverpb_RangeRequest {
    /// Reads whether a key is there, and when it was made and written.
    fileprivate static func presence(of key: KeyBytes) -> Self {
        var request = Self(KeyRange(only: key))
        request.keysOnly = true
        return request
    }
}
