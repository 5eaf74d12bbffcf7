import CCrypto

/// A short buffer of secret bytes; wiped when it goes.
struct SecretBytes: ~Copyable {
  private let buffer: UnsafeMutableRawBufferPointer
  /// How many of them are the secret.
  private(set) var count = 0

  init(capacity: Int) {
    buffer = .allocate(byteCount: capacity, alignment: 1)
  }

  deinit {
    OPENSSL_cleanse(buffer.baseAddress, buffer.count)
    buffer.deallocate()
  }

  var capacity: Int { buffer.count }

  /// For the calls of libcrypto.
  var start: UnsafePointer<UInt8>? {
    UnsafePointer(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self))
  }

  subscript(index: Int) -> UInt8 { buffer[index] }

  /// Lets `fill` write behind the present bytes; it returns how many it wrote, or less than 0.
  mutating func append(_ fill: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
    let free = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
    let written = fill(free)
    count += max(0, min(written, free.count))
    return written
  }

  mutating func append(_ byte: UInt8) {
    guard count < buffer.count else { return }
    buffer[count] = byte
    count += 1
  }

  mutating func removeLast() { count = max(0, count - 1) }
}
