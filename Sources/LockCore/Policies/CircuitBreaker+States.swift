extension CircuitBreaker {
    enum State: Sendable, Equatable {
        case closed(Closed)
        case open(Open)
        case probing(Probing)

        /// What a step from this state to `next` is called; `nil` where it stays in the same state.
        func transition(to next: State) -> Transition? {
            switch (self, next) {
            case (.closed, .closed), (.open, .open), (.probing, .probing): nil
            case (_, .open(let open)): .opened(until: open.until)
            case (_, .probing): .startedProbing
            case (_, .closed): .closed
            }
        }
    }

    /// Every call goes out.
    ///
    /// Can transition to: `Open`.
    struct Closed: Sendable, Equatable {
        private var failuresInARow = 0

        func failed(_ thresholds: Thresholds, at now: ContinuousTime) -> State {
            var next = self
            next.failuresInARow += 1
            guard next.failuresInARow >= thresholds.consecutiveFailures else { return .closed(next) }
            return .open(Open(until: now + thresholds.openFor))
        }

        func succeeded() -> State { .closed(Closed()) }
    }

    /// No call goes out.
    ///
    /// Can transition to: `Probing`.
    struct Open: Sendable, Equatable {
        let until: ContinuousTime

        fileprivate init(until: ContinuousTime) { self.until = until }

        func probing(at now: ContinuousTime) -> Probing {
            Probing(deadline: now)
        }
    }

    /// Half-open: a few calls go out to see.
    ///
    /// Can transition to: `Closed`, `Open`.
    struct Probing: Sendable, Equatable {
        /// A probe still under way at this time counts as failed.
        private(set) var deadline: ContinuousTime
        private(set) var underWay = 0
        private var successes = 0

        fileprivate init(deadline: ContinuousTime) { self.deadline = deadline }

        mutating func start(_ thresholds: Thresholds, at now: ContinuousTime) -> Bool {
            guard underWay + successes < thresholds.successfulProbes else { return false }
            underWay += 1
            deadline = now + thresholds.probeTimeout
            return true
        }

        func succeeded(_ thresholds: Thresholds) -> State {
            var next = self
            next.underWay -= 1
            next.successes += 1
            return next.successes >= thresholds.successfulProbes ? .closed(Closed()) : .probing(next)
        }

        func abandoned() -> Probing {
            var next = self
            next.underWay -= 1
            return next
        }

        func reopened(_ thresholds: Thresholds, at now: ContinuousTime) -> Open {
            Open(until: now + thresholds.openFor)
        }
    }
}
