/// The first byte of a value.
enum RESPKind: UInt8 {
    case simpleString = 0x2B  // +
    case simpleError = 0x2D  // -
    case number = 0x3A  // :
    case blobString = 0x24  // $
    case array = 0x2A  // *
    case null = 0x5F  // _
    case double = 0x2C  // ,
    case boolean = 0x23  // #
    case blobError = 0x21  // !
    case verbatimString = 0x3D  // =
    case bigNumber = 0x28  // (
    case map = 0x25  // %
    case set = 0x7E  // ~
    case attributes = 0x7C  // |
    case push = 0x3E  // >
}
