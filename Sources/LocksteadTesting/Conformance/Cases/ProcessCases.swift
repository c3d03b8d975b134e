import Lockstead

extension ConformanceSuite {
    static let processCases: [ConformanceCase] = [
        ConformanceCase(
            "processes/exclude-each-other",
            "A lock held by another process is busy here, and free once that process releases it",
            covers: ["S1", "S2"], kinds: [.processes], needs: [.betweenProcesses]
        ) { context in
            try await context.withBackend { backend in
                let holder = try await context.store.spawnHolder(of: try LockName("a"), lease: .seconds(60))
                try context.check(try await holder.isHeld(), "the holder does not hold")
                try context.check(!(try await context.isFree("a", on: backend)), "two holders")
                let request = try context.request("a", lease: .seconds(60))
                async let waiting = context.grant(request, on: backend)
                try await holder.release()
                let next = try await waiting
                try context.check(next.token > holder.token, "the token did not rise")
                try await context.release(next, on: backend)
            }
        },
        ConformanceCase(
            "processes/killed",
            "A holder that is killed delays the next grant by its lease at most, under a higher token",
            covers: ["L1", "L3", "R26"], kinds: [.processes], needs: [.betweenProcesses]
        ) { context in
            try await context.withBackend { backend in
                let holder = try await context.store.spawnHolder(of: try LockName("a"), lease: context.lease)
                let request = try context.request("a", lease: .seconds(60))
                async let waiting = context.grant(request, on: backend)
                try await holder.kill()
                let killed = context.now
                let next = try await waiting
                let waited = killed.duration(to: context.now)
                try context.check(
                    waited <= context.lease / 0.99 + .seconds(1) + context.slack, "the next grant came \(waited) later")
                try context.check(next.token > holder.token, "the token did not rise")
                try await context.release(next, on: backend)
            }
        },
        ConformanceCase(
            "processes/paused",
            "A holder that is paused past its lease is taken over with a higher token, and learns it as soon as it goes on",
            covers: ["R1", "S2", "S5", "L1"], kinds: [.processes], needs: [.betweenProcesses]
        ) { context in
            try await context.withBackend { backend in
                let holder = try await context.store.spawnHolder(of: try LockName("a"), lease: context.lease)
                try await holder.pause()
                let paused = context.now
                let next = try await context.grant(try context.request("a", lease: .seconds(60)), on: backend)
                let waited = paused.duration(to: context.now)
                try context.check(
                    waited <= context.lease / 0.99 + .seconds(1) + context.slack, "the next grant came \(waited) later")
                try context.check(next.token > holder.token, "the stale token is not the lower one")
                let resumed = context.now
                try await holder.resume()
                let noticed = try await holder.waitForLoss()
                let late = resumed.duration(to: noticed)
                try context.check(late <= .milliseconds(100) + context.slack, "it noticed \(late) after it went on")
                try context.check(!(try await holder.isHeld()), "it still believes that it holds")
                try context.check(
                    !(try await context.isFree("a", on: backend)), "the stale holder freed the next grant")
                try await context.release(next, on: backend)
            }
        },
        ConformanceCase(
            "processes/cut-off",
            "A holder that is cut off stops believing by its own clock, before the next one is granted",
            covers: ["R2", "S5", "L1"], kinds: [.processes], needs: [.betweenProcesses]
        ) { context in
            try await context.withBackend { backend in
                let holder = try await context.store.spawnHolder(of: try LockName("a"), lease: context.lease)
                try await holder.cut()
                guard let belief = try await holder.believesUntil() else {
                    throw ConformanceFailure("it believes for ever", Place())
                }
                let next = try await context.grant(try context.request("a", lease: .seconds(60)), on: backend)
                let overlap = context.now.duration(to: belief)
                try context.check(overlap <= .zero, "it believed for \(overlap) beyond the next grant")
                let late = belief.duration(to: try await holder.waitForLoss())
                try context.check(late <= .milliseconds(100) + context.slack, "it stopped its work \(late) too late")
                try context.check(next.token > holder.token, "the token did not rise")
                try await context.release(next, on: backend)
            }
        },
        ConformanceCase(
            "processes/cut-off-briefly",
            "A holder that is cut off for less than its lease keeps the lock, under the same token",
            covers: ["R11", "R43"], kinds: [.processes], needs: [.betweenProcesses]
        ) { context in
            try await context.withBackend { backend in
                let holder = try await context.store.spawnHolder(of: try LockName("a"), lease: context.lease)
                try await holder.cut()
                try await context.time.sleep(until: context.now.advanced(by: context.lease / 3))
                try await holder.mend()
                try await context.time.sleep(until: context.now.advanced(by: context.lease))
                try context.check(try await holder.isHeld(), "it lost the lock over a short cut")
                try context.check(!(try await context.isFree("a", on: backend)), "the lock is free while it is held")
                try await holder.release()
                try context.check(try await context.isFree("a", on: backend), "the lock is not free after its release")
            }
        },
    ]
}
