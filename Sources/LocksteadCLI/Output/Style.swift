import LocksteadEngines

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Colour, where it helps: on a terminal, unless `NO_COLOR` is set.
struct Style: Sendable {
    enum Colour: String { case red = "31", green = "32", yellow = "33", dim = "2", bold = "1" }

    let isColoured: Bool

    /// For standard output as it is.
    static let standardOutput = Style(
        isTerminal: isatty(STDOUT_FILENO) == 1, environment: ProcessEnvironment.value)

    init(isTerminal: Bool, environment: (String) -> String?) {
        let refused = environment("NO_COLOR").map { !$0.isEmpty } ?? false
        isColoured = isTerminal && !refused && environment("TERM") != "dumb"
    }

    func paint(_ text: String, _ colour: Colour) -> String {
        isColoured ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }
}
