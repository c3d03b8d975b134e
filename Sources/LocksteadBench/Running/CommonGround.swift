import Lockstead

/// Where the clients of a run meet those of other programs; nowhere, unless something is given.
package struct CommonGround: Sendable {
    /// The name that all want; where each client has its own, what theirs begin with.
    let name: String?
    let witness: WitnessFile?

    /// Puts it together; by itself, names are fresh and nobody else watches.
    package init(name: String? = nil, witness: WitnessFile? = nil) { (self.name, self.witness) = (name, witness) }

    func names(for workload: Workload) throws(LockError) -> [LockName] {
        guard workload.hasNames else { return [try LockName(name ?? Self.fresh)] }
        let start = name ?? Self.fresh
        var names: [LockName] = []
        for number in 0..<workload.clients { names.append(try LockName("\(start)/\(number)")) }
        return names
    }

    private static var fresh: String { "lockstead-bench/\(UInt64.random(in: .min ... .max))" }
}
