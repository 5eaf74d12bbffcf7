import CCrypto

/// Whether two codes are the same, in a time that tells nothing about where they differ.
public func isSameCode(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
  guard first.count == second.count else { return false }
  return first.withUnsafeBufferPointer { first in
    second.withUnsafeBufferPointer { second in
      CRYPTO_memcmp(first.baseAddress, second.baseAddress, first.count) == 0
    }
  }
}

/// Whether two codes are the same, in a time that tells nothing about where they differ.
public func isSameCode(_ first: [UInt8], _ second: [UInt8]) -> Bool {
  isSameCode(first.span, second.span)
}
