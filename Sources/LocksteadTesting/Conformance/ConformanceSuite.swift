import Lockstead

/// What every engine does, whatever it is made of.
///
/// ```swift
/// for testCase in ConformanceSuite.cases {
///     let result = await ConformanceSuite.run(testCase, on: MyFixture())
///     if case .failed(let why) = result.verdict { print("\(testCase.id): \(why)") }
/// }
/// ```
/// Cases that need a capability which the engine does not declare test that the engine *refuses* it; none is skipped. Cases are
/// independent of each other: each has a store of its own.
public enum ConformanceSuite {
    /// All cases, by topic.
    public static let cases: [ConformanceCase] =
        exclusiveCases + waitingCases + cancellationCases + retryCases + leaseCases + sharedCases + semaphoreCases
        + severalNamesCases + orderCases + reentryCases + termsCases + forcedReleaseCases + watchingCases + optionCases
        + handOverCases + minimumHoldCases + stripedCases + electionCases + membershipCases + holdingCases
        + registerCases + latchCases + barrierCases + runOnceCases + cacheCases + processCases

    /// No case takes longer, not even on a loaded machine; what does hangs.
    public static let longestCase: Duration = .seconds(90)

    /// Runs one case.
    ///
    /// - Parameters:
    ///   - testCase: Which.
    ///   - fixture: The engine.
    /// - Returns: How it ended.
    public static func run(_ testCase: ConformanceCase, on fixture: some ConformanceFixture) async
        -> ConformanceResult
    {
        await run(testCase, on: fixture, within: longestCase)
    }

    package static func run(
        _ testCase: ConformanceCase, on fixture: some ConformanceFixture, within limit: Duration
    ) async -> ConformanceResult {
        let (time, figures) = (SystemTimeSource(), ConformanceFigures())
        let start = time.now
        let verdict: ConformanceResult.Verdict
        do {
            let store = try await fixture.makeStore()
            verdict = await judge(testCase, fixture, store, figures, limit)
            await store.close()
        } catch {
            verdict = .failed("the fixture made no store: \(error)")
        }
        return ConformanceResult(
            conformanceCase: testCase, engine: fixture.engine, verdict: verdict,
            duration: start.duration(to: time.now), figures: figures.all)
    }

    private static func judge(
        _ testCase: ConformanceCase, _ fixture: some ConformanceFixture, _ store: any ConformanceStore,
        _ figures: ConformanceFigures, _ limit: Duration
    ) async -> ConformanceResult.Verdict {
        do {
            let context = ConformanceContext(
                store: store, capabilities: try await store.makeBackend().capabilities, lease: fixture.lease,
                slack: fixture.slack, figures: figures)
            let missing = testCase.needs.subtracting(context.capabilities.features)
            try await context.within(limit) {
                if missing.isEmpty {
                    try await testCase.body(context)
                } else {
                    try await context.checkRefusals(of: missing)
                }
            }
            return missing.isEmpty ? .passed : .refused(missing.names)
        } catch {
            return .failed("\(error)")
        }
    }
}
