/// Why the end of a release is unknown although it was answered: the lock is free of the grant, by the release or by the lease's end.
///
/// Asking again brings nothing more.
package struct FreeOfGrant: Error {
    package init() {}
}

extension LockError {
    /// The answer to a release was lost; whether by the answer to the next attempt there is nothing left of the grant.
    package static func unknownRelease(of grant: Grant, isFree: Bool) -> LockError {
        let known =
            isFree
            ? "it is free of this grant now, by the release or because the lease had ended before."
            : "something of the grant may be left. Release it again; its lease ends it at the latest."
        let name = grant.names.first?.text ?? ""
        return LockError(
            .indeterminate, "The answer to the release of \"\(name)\" was lost; \(known)", effect: .mayHaveHappened,
            cause: isFree ? FreeOfGrant() : nil)
    }
}
