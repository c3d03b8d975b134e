/// Why bytes were refused; nothing that follows them can be read.
package enum JuteError: Error, Sendable, Hashable {
    /// There are fewer bytes than the value needs.
    case truncated
    /// A length is negative, or longer than what there is.
    case badLength(Int32)
    /// A text is no UTF-8.
    case badText
    /// A frame is announced that is longer than the limit.
    case frameTooLong(Int32)
    /// An answer holds another kind of result than was asked for.
    case unexpectedResult(Int32)
}
