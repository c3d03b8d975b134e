#if Proof
    import LocksteadSimulator

    /// What a simulation came to, for people and for programs.
    struct SimulationReports {
        let json: Bool

        // MARK: Campaigns

        /// - Returns: Whether nothing was found.
        func tell(_ voyage: Fleet.Voyage, of campaign: Campaign) throws -> Bool {
            let outcome = voyage.outcome
            let report = CampaignReport(
                layer: campaign.layer.rawValue, seeds: outcome.seeds, steps: outcome.steps,
                digest: String(outcome.digest), seconds: seconds(voyage.duration),
                stepsPerSecond: rate(outcome.steps, voyage.duration),
                failure: outcome.failure.map { FailureReport($0, steps: campaign.steps, campaign.options) })
            if json {
                try JSON.print(report)
            } else {
                print(
                    "\(report.layer): \(report.seeds) seeds, \(report.steps) steps in \(report.seconds) s "
                        + "(\(report.stepsPerSecond) a second), digest \(report.digest)"
                        + (report.failure == nil ? ": clean" : ""))
                if let failure = report.failure { tell(failure) }
            }
            return report.failure == nil
        }

        /// - Returns: Whether nothing was found.
        func tell(_ result: SimulationResult, steps: Int, _ options: SimulationOptions) throws -> Bool {
            guard result.problem != nil else {
                print("clean, digest \(result.digest)")
                return true
            }
            tell(FailureReport(result, steps: steps, options))
            return false
        }

        private func tell(_ failure: FailureReport) {
            print("seed \(failure.seed), step \(failure.step): \(Wording.printable(failure.problem))")
            print("replay it: \(failure.replay)")
        }

        // MARK: Planted mistakes

        func tell(_ search: BugSearch, steps: Int) throws {
            let finding = search.finding.map {
                FailureReport($0, steps: steps, SimulationOptions(bug: search.bug))
            }
            let report = PlantedReport(
                layer: search.layer.rawValue, mistake: search.bug.name, isFound: search.isFound,
                seedsTried: search.seeds,
                finding: finding)
            if json { return try JSON.print(report) }
            let what = "\(report.layer.padded(to: 7))  \(report.mistake.padded(to: 28))"
            guard let finding else { return print("\(what)  NOT FOUND in \(report.seedsTried) seeds") }
            print("\(what)  seed \(finding.seed), step \(finding.step): \(Wording.printable(finding.problem))")
        }

        // MARK: Speed

        func tell(_ speed: TableSpeed.Measurement) throws {
            if json { return try JSON.print(SpeedReport(speed)) }
            print(
                "\(speed.steps) steps of the lock rules in \(seconds(speed.duration)) s on one core: "
                    + "\(rate(speed.steps, speed.duration)) a second, invariants after every \(speed.checkEvery)")
        }

        private func seconds(_ duration: Duration) -> Double { Double(duration / .milliseconds(1)).rounded() / 1_000 }
        private func rate(_ steps: Int, _ duration: Duration) -> Int {
            Int(Double(steps) / max(duration / .seconds(1), 0.000_001))
        }
    }

    /// One campaign as JSON.
    struct CampaignReport: Encodable, Sendable {
        let layer: String
        let seeds: Int
        let steps: Int
        /// As text: JSON readers keep no 64 bits.
        let digest: String
        let seconds: Double
        let stepsPerSecond: Int
        let failure: FailureReport?
    }

    /// One broken promise as JSON.
    struct FailureReport: Encodable, Sendable {
        let seed: String
        let step: Int
        let problem: String
        /// The one command that shows it again.
        let replay: String

        init(_ result: SimulationResult, steps: Int, _ options: SimulationOptions) {
            (seed, step, problem) = (String(result.seed), result.steps, result.problem ?? "")
            let planted = options.bug.map { " --planted \($0.name)" } ?? ""
            let every = options.checkEvery == 1 ? "" : " --check-every \(options.checkEvery)"
            replay =
                "lockstead simulate --layer \(result.layer.rawValue) --seed \(result.seed) --steps \(steps)\(planted)\(every) --trace"
        }
    }

    /// One planted mistake as JSON.
    struct PlantedReport: Encodable, Sendable {
        let layer: String
        let mistake: String
        let isFound: Bool
        let seedsTried: Int
        let finding: FailureReport?
    }

    /// How fast the lock rules are, as JSON.
    struct SpeedReport: Encodable, Sendable {
        let steps: Int
        let seconds: Double
        let stepsPerSecond: Int
        let checkEvery: Int

        init(_ speed: TableSpeed.Measurement) {
            (steps, checkEvery) = (speed.steps, speed.checkEvery)
            seconds = speed.duration / .seconds(1)
            stepsPerSecond = Int(Double(speed.steps) / seconds)
        }
    }
#endif
