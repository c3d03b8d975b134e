/// The scripts of Redlock's nodes.
///
/// Holders and waiters are written as on a single server, so that what reads and revokes them is the same.
enum RedlockScripts {
    static let acquire = RedisScript(
        text(PackageResources.redlock_acquire_quick_lua) + common + text(PackageResources.redlock_acquire_lua))
    static let raise = RedisScript(common + text(PackageResources.redlock_raise_lua))
    static let extend = RedisScript(common + text(PackageResources.redlock_extend_lua))
    static let heal = RedisScript(common + text(PackageResources.redlock_heal_lua))
    static let release = RedisScript(
        text(PackageResources.redlock_release_quick_lua) + common + text(PackageResources.redlock_release_lua))

    static var all: [RedisScript] { [acquire, raise, extend, heal, release] }

    private static let common = text(PackageResources.common_lua)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
