import Lockstead
package import RESP

extension RedisError {
    /// What a server answered instead of a reply.
    ///
    /// - Parameters:
    ///   - answer: The server's error.
    ///   - isScript: Whether it was a script that was asked for. A script that fails half-way has done its first half, so only errors
    ///     that are found before a script starts say that nothing happened.
    package init(_ answer: RESPServerError, isScript: Bool) {
        let known = Self.known[Self.code(of: answer)]
        let refusedBefore = !isScript || known?.isBeforeScripts ?? false
        self.init(
            known?.code ?? .refused, Self.message(known, answer),
            effect: refusedBefore ? .didNotHappen : .mayHaveHappened,
            serverText: answer.text)
    }

    /// What a user may not do within a script is told without a code of its own, in one of two ways; with the code, in case a server does,
    /// the place in the script tells.
    private static func code(of answer: RESPServerError) -> String {
        if answer.text.contains(partlyMoved) { return partlyMoved }
        let words = ["ERR The user executing the script can't", "ERR ACL failure in script"]
        let isInside = answer.code == "NOPERM" && answer.text.contains("@user_script")
        return isInside || words.contains { answer.text.hasPrefix($0) } ? inScript : answer.code
    }

    /// A script came upon a key that is on its way to another node, perhaps since it had removed it itself.
    private static let partlyMoved = "Script attempted to access a non local key"
    private static let inScript = "NOPERM in a script"

    private static func message(_ known: Known?, _ answer: RESPServerError) -> String {
        guard let known else { return "The server refused the command: \(answer.text)" }
        return "\(known.advice) (The server says: \(answer.text))"
    }

    private struct Known {
        let code: Code
        let advice: String
        /// Whether the server finds it before it runs the first line of a script.
        var isBeforeScripts = true
    }

    private static let notPermitted =
        "The ACL user may not do this; give it the commands, keys and channels that docs/backends/redis.md lists."

    private static let known: [String: Known] = [
        "NOAUTH": Known(
            code: .authenticationFailed,
            advice: "The server wants a password; put one into the URL or the configuration."),
        "WRONGPASS": Known(
            code: .authenticationFailed, advice: "The server knows no such user with this password, or the user is off."
        ),
        "NOPERM": Known(code: .permissionDenied, advice: notPermitted),
        inScript: Known(code: .permissionDenied, advice: notPermitted, isBeforeScripts: false),
        "READONLY": Known(code: .readOnly, advice: "The server takes no writes; connect to the primary."),
        "OOM": Known(
            code: .outOfMemory, advice: "The server's memory limit is reached; raise maxmemory or remove data."),
        "LOADING": Known(code: .loading, advice: "The server still reads its data; try again in a moment."),
        "BUSY": Known(code: .busy, advice: "A script has blocked the server; wait, or end it with SCRIPT KILL."),
        "MISCONF": Known(
            code: .notPersisting, advice: "The server cannot save its data and takes no writes; mend its disk."),
        "NOREPLICAS": Known(code: .tooFewReplicas, advice: "Too few replicas are connected for min-replicas-to-write."),
        "NOSCRIPT": Known(code: .noScript, advice: "The server does not have the script."),
        "MOVED": Known(
            code: .moved, advice: "The server is a node of a cluster; use redis+cluster://."),
        "ASK": Known(code: .ask, advice: "The server is a node of a cluster; use redis+cluster://."),
        "TRYAGAIN": Known(code: .tryAgain, advice: "The keys are being moved between nodes; try again in a moment."),
        partlyMoved: Known(
            code: .tryAgain, advice: "The keys are being moved between nodes; try again in a moment.",
            isBeforeScripts: false),
        "CLUSTERDOWN": Known(code: .clusterDown, advice: "The cluster does not serve this key now."),
        "CROSSSLOT": Known(code: .crossSlot, advice: "The keys belong to different slots of the cluster."),
        "MASTERDOWN": Known(code: .masterDown, advice: "The replica has lost its primary; connect to the primary."),
        "WRONGTYPE": Known(
            code: .wrongType, advice: "The key holds something else than a lock.", isBeforeScripts: false),
    ]
}
