import Lockstead

/// Whether the state of all locks can be read, from both of its copies.
struct StateRule: DoctorRule {
    let subject = "state"
    let folder: Folder

    func examine() async -> Finding {
        guard FileRules.existing(folder) == folder else { return .good("no lock has been taken here yet") }
        do throws(LockError) {
            return judge(try await FileRepair(folder: folder.path).run(mending: false))
        } catch {
            return .unknown("the states could not be looked at: \(error.message)")
        }
    }

    private func judge(_ findings: [RepairFinding]) -> Finding {
        var (unreadable, weakened, newer) = (0, 0, 0)
        for finding in findings {
            switch finding.kind {
            case .unreadable: unreadable += 1
            case .oneSlotBad: weakened += 1
            case .newerFormat: newer += 1
            case .good, .deadOrphan, .livingOrphan, .unborn, .foreign, .inUse: continue
            }
        }
        if unreadable > 0 {
            return .failure("\(unreadable) of \(findings.count) states cannot be read", advice: "run lockstead repair")
        }
        if newer > 0 {
            return .failure(
                "\(newer) states were written by a newer version of this program", advice: "update this program")
        }
        guard weakened == 0 else {
            return .warning("\(weakened) states live on one of their two copies", advice: "run lockstead repair")
        }
        return .good("\(findings.count) files, all in order")
    }
}
