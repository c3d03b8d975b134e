/// The one generator of repeatable draws belongs to this module's public face.
@_exported public import SeededRandom
