package import Lockstead

extension RedisError: EngineFaultReporting {
    package var engineFault: EngineFault? {
        switch code {
        case .unreachable, .noPrimary: .unreachable
        case .tlsMismatch, .tlsFailed: .misconfigured
        case .readOnly, .notPersisting: .readOnly
        case .outOfMemory: .full
        default: nil
        }
    }
}
