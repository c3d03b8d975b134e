#if Proof
    import LocksteadSimulator

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Darwin)
        import Darwin
    #endif

    /// Runs seeds side by side on all cores: each is one thread's, and what comes of it does not depend on the others.
    enum Fleet {
        /// What came of a campaign, and how long it took.
        struct Voyage: Sendable {
            let outcome: Campaign.Outcome
            let duration: Duration
        }

        private static var width: Int { max(1, min(64, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

        static func run(_ campaign: Campaign) async -> Voyage {
            let clock = ContinuousClock()
            let start = clock.now
            var outcome = Campaign.Outcome()
            // After a failure nothing new is begun: what is under way may still find a lower seed.
            await each(of: campaign.batches(of: 16), { campaign.run($0) }) { part in
                outcome.add(part)
                return outcome.failure == nil
            }
            return Voyage(outcome: outcome, duration: clock.now - start)
        }

        /// Looks for each planted mistake; the answers come in the order of the questions.
        static func search(
            _ bugs: [(layer: SimulatedLayer, bug: SimulatedBug)], seeds: Int, steps: Int
        ) async -> [BugSearch] {
            var found: [Int: BugSearch] = [:]
            await each(
                of: Array(bugs.indices),
                { index in (index, BugSearch(for: bugs[index].bug, in: bugs[index].layer, seeds: seeds, steps: steps)) }
            ) { index, search in
                found[index] = search
                return true
            }
            return bugs.indices.compactMap { found[$0] }
        }

        /// Does the work for all items, as many at a time as there are cores, until `take` says that it has enough.
        private static func each<Item: Sendable, Product: Sendable>(
            of items: [Item], _ work: @escaping @Sendable (Item) -> Product, take: (Product) -> Bool
        ) async {
            await withTaskGroup(of: Product.self) { group in
                var waiting = items.makeIterator()
                var goesOn = true
                for _ in 0..<width {
                    if let item = waiting.next() { group.addTask { work(item) } }
                }
                while let product = await group.next() {
                    goesOn = take(product) && goesOn
                    if goesOn, let item = waiting.next() { group.addTask { work(item) } }
                }
            }
        }
    }
#endif
