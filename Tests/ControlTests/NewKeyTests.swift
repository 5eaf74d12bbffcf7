import Testing

@testable import Control

/// What `godwit keygen` writes.
struct NewKeyTests {
  @Test("A new key is `hex:`, 64 digits and a line feed")
  func form() throws {
    let text = try KeyFile.text { [UInt8](0...31) }
    #expect(
      String(decoding: text, as: UTF8.self)
        == "hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n")
  }

  @Test("A new key never ends with ff, which keepalived would refuse")
  func lastByte() throws {
    var last: [UInt8] = [0xff, 0xff, 0x01]
    let text = try KeyFile.text { [UInt8](repeating: 0xff, count: 31) + [last.removeFirst()] }
    #expect(
      String(decoding: text, as: UTF8.self)
        == "hex:" + String(repeating: "ff", count: 31) + "01\n")
    #expect(last.isEmpty)
  }
}
