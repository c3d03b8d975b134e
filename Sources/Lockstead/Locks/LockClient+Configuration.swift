public import Metrics
public import Tracing

extension LockClient {
    /// What holds for all calls of a client unless they say otherwise.
    public struct Configuration: Sendable {
        /// The lease of calls that name none: 30 seconds.
        public var lease: Duration = .seconds(30)
        /// How long after its arming a lease is renewed; a third of the lease where `nil`, a millisecond at least, two thirds of it at most.
        public var renewEvery: Duration?
        /// How long a call made before `run()` waits for it: 5 seconds, or its own deadline if that is sooner.
        public var startPatience: Duration = .seconds(5)
        /// How long one attempt to release, or any other call without a deadline of its own, may take: 5 seconds.
        public var callDeadline: Duration = .seconds(5)
        /// For how long requests and releases with a lost answer are cleaned up in the background: 30 seconds.
        public var cleanUpDeadline: Duration = .seconds(30)
        /// The host that holders name; this machine's where `nil`.
        public var host: String?

        /// Where metrics go; what `MetricsSystem` was set up with where `nil`.
        public var metrics: (any MetricsFactory)?
        /// Where spans go; what `InstrumentationSystem` was set up with where `nil`.
        public var tracer: (any Tracer)?

        /// Takes the defaults.
        public init() {}
    }
}
