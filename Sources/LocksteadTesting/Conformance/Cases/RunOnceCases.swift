import Lockstead

extension ConformanceSuite {
    static let runOnceCases: [ConformanceCase] = [
        ConformanceCase(
            "run-once/once", "Of all who run the same at once one does, and the others learn that it is done",
            covers: ["S1", "S6"], kinds: [.runOnce], needs: [.registers]
        ) { context in
            try await context.withTwoClients { one, two in
                let (runs, done) = (Tally(), Tally())
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<8 {
                        let client = task % 2 == 0 ? one : two
                        group.addTask {
                            let value = try await client.runOnce("job", waitingAtMost: .seconds(30)) { _ in
                                runs.count()
                                try await context.time.sleep(until: context.now.advanced(by: .milliseconds(20)))
                                return 7
                            }
                            if value == nil { done.count() } else { try context.check(value == 7, "\(value ?? -1)") }
                        }
                    }
                    try await group.waitForAll()
                }
                try context.check(runs.total == 1 && done.total == 7, "\(runs.total) ran, \(done.total) learnt it")
                try context.check(try await two.hasRun("job"), "it has not run")
                try await one.forgetRun("job")
                let again = try await two.runOnce("job") { _ in 8 }
                try context.check(again == 8, "forgotten, it did not run again")
            }
        },
        ConformanceCase(
            "run-once/failed", "A run that fails or is cancelled leaves the work to the next one",
            covers: ["S6"], kinds: [.runOnce], needs: [.registers]
        ) { context in
            try await context.withClient { client in
                do {
                    _ = try await client.runOnce("job") { _ in throw ConformanceFailure("as told", Place()) }
                    throw ConformanceFailure("a run that failed did not throw", Place())
                } catch let error as ConformanceFailure where error.description.hasPrefix("as told") {}
                try context.check(!(try await client.hasRun("job")), "a failed run counts as done")
                try await context.expectCancelled {
                    _ = try await client.runOnce("job") { _ in
                        try await context.time.sleep(until: context.now.advanced(by: .seconds(60)))
                    }
                }
                try context.check(!(try await client.hasRun("job")), "a cancelled run counts as done")
                let value = try await client.runOnce("job") { _ in 1 }
                try context.check(value == 1, "nobody ran it")
            }
        },
        ConformanceCase(
            "run-once/kept-for", "A run that counts for a time is run again after it",
            covers: ["S6"], kinds: [.runOnce], needs: [.registers]
        ) { context in
            try await context.withClient { client in
                let first = try await client.runOnce("job", keptFor: .milliseconds(200)) { _ in 1 }
                try context.check(first == 1, "it did not run")
                try await context.waitUntil("the run is forgotten") { !(try await client.hasRun("job")) }
                let second = try await client.runOnce("job", keptFor: .milliseconds(200)) { _ in 2 }
                try context.check(second == 2, "it did not run again")
            }
        },
        ConformanceCase(
            "run-once/killed", "A runner that is killed leaves the work to the next one, after its lease at most",
            covers: ["L1"], kinds: [.runOnce], needs: [.registers, .betweenProcesses]
        ) { context in
            try await context.withClient { client in
                let holder = try await context.store.spawnHolder(of: try LockName("job"), lease: context.lease)
                async let next = client.runOnce("job", waitingAtMost: .seconds(30)) { lease in lease.token }
                try await holder.kill()
                let killed = context.now
                let token = try await next
                let waited = killed.duration(to: context.now)
                try context.check(token.map { $0 > holder.token } ?? false, "the next one did not run")
                try context.check(waited <= context.lease / 0.99 + .seconds(1) + context.slack, "it took \(waited)")
            }
        },
        ConformanceCase(
            "run-once/paused",
            "A runner that was paused past its lease cannot mark the work as done, once another began",
            covers: ["S6", "RULES 8"], kinds: [.runOnce], needs: [.registers, .betweenProcesses]
        ) { context in
            try await context.withBackend { backend in
                try await context.withClient { client in
                    let name = try LockName("job")
                    let holder = try await context.store.spawnHolder(of: name, lease: context.lease)
                    try await holder.pause()
                    let value = try await client.runOnce(name, waitingAtMost: .seconds(30)) { _ in
                        try await holder.resume()
                        let mark = RegisterWrite(.value([UInt8(ascii: "O")]), in: name, under: holder.token)
                        let outcome = try await backend.store(mark, deadline: context.soon)
                        guard case .stale = outcome else {
                            throw ConformanceFailure("a paused runner marked: \(outcome)", Place())
                        }
                        return 1
                    }
                    try context.check(value == 1, "the next one did not run")
                }
            }
        },
    ]
}
