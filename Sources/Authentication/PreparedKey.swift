import CCrypto

/// One key inside libcrypto: its padded halves are hashed once, and every code begins from there.
final class PreparedKey {
  /// Wiped by EVP_MAC_CTX_free(3).
  private let context: OpaquePointer

  /// nil when libcrypto cannot do HMAC-SHA-256, or has no memory.
  init?(_ bytes: borrowing SecretBytes) {
    guard let algorithm = EVP_MAC_fetch(nil, OSSL_MAC_NAME_HMAC, nil) else { return nil }
    defer { EVP_MAC_free(algorithm) }
    guard let context = EVP_MAC_CTX_new(algorithm) else { return nil }
    self.context = context
    var digest = Array("SHA256".utf8CString)
    let isReady = digest.withUnsafeMutableBufferPointer { name in
      let parameters = [
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.baseAddress, 0),
        OSSL_PARAM_construct_end(),
      ]
      return EVP_MAC_init(context, bytes.start, bytes.count, parameters) == 1
    }
    guard isReady else { return nil }
  }

  deinit { EVP_MAC_CTX_free(context) }

  /// The 32 bytes of HMAC-SHA-256; nil when libcrypto fails, which it has no reason to.
  func code(over message: Span<UInt8>) -> [UInt8]? {
    // Without a key the context begins again with the one it has (EVP_MAC_init(3)).
    guard EVP_MAC_init(context, nil, 0, nil) == 1 else { return nil }
    let isTaken = message.withUnsafeBufferPointer {
      EVP_MAC_update(context, $0.baseAddress, $0.count) == 1
    }
    guard isTaken else { return nil }
    var isMade = false
    let code = [UInt8](unsafeUninitializedCapacity: Self.codeLength) { buffer, count in
      isMade = EVP_MAC_final(context, buffer.baseAddress, &count, Self.codeLength) == 1
    }
    return isMade ? code : nil
  }

  /// Bytes of a SHA-256 digest.
  private static let codeLength = 32
}
