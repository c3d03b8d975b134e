import Lockstead

extension ConformanceSuite {
    static let cacheCases: [ConformanceCase] = [
        ConformanceCase(
            "cache/one-loader", "Of all who miss the same key at once one loads, and the others get its value",
            covers: ["S1", "S6"], kinds: [.cache], needs: [.registers]
        ) { context in
            try await context.withTwoClients { one, two in
                let loads = Tally()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<8 {
                        let cache = try (task % 2 == 0 ? one : two).cache("c")
                        group.addTask {
                            let value = try await cache.value(for: "k", waitingAtMost: .seconds(30)) { _ in
                                loads.count()
                                try await context.time.sleep(until: context.now.advanced(by: .milliseconds(20)))
                                return [1, 2]
                            }
                            try context.check(value == [1, 2], "it got \(value)")
                        }
                    }
                    try await group.waitForAll()
                }
                try context.check(loads.total == 1, "\(loads.total) loaded")
                let other = try await one.cache("c").value(for: "other") { _ in [3] }
                try context.check(other == [3], "another key has the value \(other)")
            }
        },
        ConformanceCase(
            "cache/invalidation", "After an invalidation nobody finds what was loaded before it",
            covers: ["S6"], kinds: [.cache], needs: [.registers]
        ) { context in
            try await context.withTwoClients { one, two in
                let (here, there) = (try one.cache("c"), try two.cache("c"))
                let begun = Fact()
                async let loading = here.value(for: "k") { _ in
                    begun.set()
                    try await context.time.sleep(until: context.now.advanced(by: .milliseconds(100)))
                    return [1]
                }
                try await context.waitUntil("the load has begun") { begun.isTrue }
                try await there.invalidate("k")
                let value = try await loading
                try context.check(value == [1], "the loader got \(value)")
                let next = try await here.value(for: "k") { _ in [2] }
                try context.check(next == [2], "after the invalidation it is \(next)")
            }
        },
        ConformanceCase(
            "cache/failed", "A load that fails or is cancelled stores nothing and leaves the load to the next one",
            covers: ["S6"], kinds: [.cache], needs: [.registers]
        ) { context in
            try await context.withClient { client in
                let cache = try client.cache("c")
                try await context.expectCancelled {
                    _ = try await cache.value(for: "k") { _ in
                        try await context.time.sleep(until: context.now.advanced(by: .seconds(60)))
                        return [1]
                    }
                }
                let value = try await cache.value(for: "k") { _ in [2] }
                try context.check(value == [2], "it is \(value)")
            }
        },
        ConformanceCase(
            "cache/killed", "A loader that is killed leaves the load to the next one, after its lease at most",
            covers: ["L1"], kinds: [.cache], needs: [.registers, .betweenProcesses]
        ) { context in
            try await context.withClient { client in
                let holder = try await context.store.spawnHolder(of: try LockName("c/k"), lease: context.lease)
                let cache = try client.cache("c")
                async let value = cache.value(for: "k", waitingAtMost: .seconds(30)) { _ in [1] }
                try await holder.kill()
                let killed = context.now
                let loaded = try await value
                let waited = killed.duration(to: context.now)
                try context.check(loaded == [1], "it is \(loaded)")
                try context.check(waited <= context.lease / 0.99 + .seconds(1) + context.slack, "it took \(waited)")
            }
        },
        ConformanceCase(
            "cache/paused", "A loader that was paused past its lease can neither overwrite nor bring back older data",
            covers: ["S6", "RULES 8"], kinds: [.cache], needs: [.registers, .betweenProcesses]
        ) { context in
            try await context.withClient { client in
                let name = try LockName("c/k")
                let holder = try await context.store.spawnHolder(of: name, lease: context.lease)
                try await holder.pause()
                let cache = try client.cache("c")
                let newer = try await cache.value(for: "k", waitingAtMost: .seconds(30)) { _ in [2] }
                try context.check(newer == [2], "it is \(newer)")
                try await holder.resume()
                let overwrote = try await cache.store.store([1], in: name, under: holder.token)
                try await cache.invalidate("k")
                let broughtBack = try await cache.store.store([1], in: name, under: holder.token)
                try context.check(!overwrote && !broughtBack, "late stores: \(overwrote), \(broughtBack)")
                let left = try await cache.store.load(name)
                try context.check(left == nil, "it is \(left ?? [])")
            }
        },
    ]
}
