import Logging

extension Logger {
    /// Each client says of its test server what it would lose, which would bury everything else.
    static var conformance: Logger {
        var logger = Logger(label: "conformance")
        logger.logLevel = .warning
        return logger
    }
}
