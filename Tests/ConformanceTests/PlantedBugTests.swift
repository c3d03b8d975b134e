#if DEBUG
    import LockCore
    import Lockstead
    import LocksteadTesting
    import Testing

    /// A suite that passes proves something only if it fails where it should.
    @Suite("The conformance suite notices planted bugs", .serialized)
    struct PlantedBugTests {
        static let noticedBy: [(PlantedBug, String)] = [
            (.grantToDeadWaiter, "waiting/deadline"), (.releaseWithoutToken, "release/never-a-newer-grant"),
            (.lastInFirstOut, "order/arrival"), (.tokenReusedForNextGrant, "exclusive/one-at-a-time"),
            (.readersOvertakeWriter, "shared/behind-a-writer"),
            (.permitMiscounted, "semaphore/never-more-than-its-permits"),
            (.lockDelaySkipped, "lock-delay/after-an-end"), (.lockDelayAfterRelease, "lock-delay/not-after-a-release"),
            (.onlyFirstNameChecked, "several-names/all-or-none"),
            (.cancelDoesNotServe, "cancellation/lets-the-next-in"),
            (.circleAccepted, "order/circle"), (.holdLimitIgnored, "maximum-hold/ends-it"),
            (.unboundedOvertaking, "order/priority"), (.registerIgnoresToken, "register/stale-token"),
            (.removalForgetsToken, "register/removal"), (.registerIgnoresRevision, "register/revision"),
            (.registerOutlivesItsTime, "register/kept-for"),
        ]

        @Test("A store whose table makes a mistake fails the case that is about it", arguments: noticedBy)
        func notices(bug: PlantedBug, id: String) async throws {
            let testCase = try #require(ConformanceSuite.cases.first { $0.id == id })
            let result = await ConformanceSuite.run(testCase, on: Buggy(bug: bug), within: .seconds(3))
            guard case .failed = result.verdict else {
                Issue.record("\(id) does not notice \(bug)")
                return
            }
        }

        private struct Buggy: ConformanceFixture {
            let bug: PlantedBug
            let engine = "memory"
            let lease = Duration.milliseconds(300)

            func makeStore() async throws -> any ConformanceStore { Store(locks: InProcessStore(plantedBug: bug)) }
        }

        private struct Store: ConformanceStore {
            let locks: InProcessStore

            func makeBackend() async throws -> any LockBackend { InProcessBackend(store: locks) }
            func spawnHolder(of name: LockName, lease: Duration) async throws -> any ConformanceHolder {
                throw LockError(.unsupported, "The engine knows one process only.", effect: .didNotHappen)
            }
            func close() async {}
        }
    }
#endif
