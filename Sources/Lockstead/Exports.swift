/// The values of the lock rules (names, tokens, modes, guarantees, errors) belong to this module's public face.
@_exported public import LockCore
