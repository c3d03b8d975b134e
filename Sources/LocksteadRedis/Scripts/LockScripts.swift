/// The engine's scripts.
///
/// Each stands in a file of its own, which says what it takes and answers; `common.lua` goes before all but the
/// simplest, and what needs nothing of it before that.
enum LockScripts {
    static let acquire = RedisScript(
        text(PackageResources.acquire_quick_lua) + common + text(PackageResources.acquire_lua))
    static let release = RedisScript(
        text(PackageResources.release_quick_lua) + common + text(PackageResources.release_lua))
    static let renew = RedisScript(text(PackageResources.renew_quick_lua) + common + text(PackageResources.renew_lua))
    static let cancel = RedisScript(common + text(PackageResources.cancel_lua))
    static let downgrade = RedisScript(common + text(PackageResources.downgrade_lua))
    static let handOver = RedisScript(common + text(PackageResources.handover_lua))
    static let force = RedisScript(common + text(PackageResources.force_lua))
    static let inspect = RedisScript(common + text(PackageResources.inspect_lua))
    static let register = RedisScript(common + text(PackageResources.register_lua))

    private static let common = text(PackageResources.common_lua)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
