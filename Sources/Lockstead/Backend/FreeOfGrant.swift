/// Why the end of a release is unknown although it was answered: the lock is free of the grant, by the release or by the lease's end.
///
/// Asking again brings nothing more.
package struct FreeOfGrant: Error {
    package init() {}
}
