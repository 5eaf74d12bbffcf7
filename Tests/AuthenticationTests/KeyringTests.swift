import Testing

@testable import Authentication

/// Keys in use: their codes, their ids, and that nothing shows them.
struct KeyringTests {
  static let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

  @Test(
    "The codes are HMAC-SHA-256",
    arguments: [
      // The keys of RFC 4231 are too short or too long:
      // these two come from Python's hmac and hashlib.
      (
        "hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "What do ya want",
        "adc1a51e0ca68eacc6624b9c2706dd047bde645ae6c09c152cc29cd9d166ad9a"
      ),
      (
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "",
        "081247dc68bb7fafbf13220013a0ab71db8b628d679161f87b5e5bd9e19b1494"
      ),
    ])
  func codes(key: String, message: String, expected: String) throws {
    let directory = try KeyDirectory()
    let keyring = try Keyring([7: .file(directory.file("1", key))], activeKey: 7)
    let code = try #require(keyring.code(key: 7, over: Array(message.utf8)))
    #expect(hexadecimal(code) == expected)
    // The second one begins anew.
    #expect(keyring.code(key: 7, over: Array(message.utf8)) == code)
    #expect(keyring.code(key: 7, over: [1]) != code)
  }

  @Test("An id without a key makes no code")
  func unknownKey() throws {
    let directory = try KeyDirectory()
    let keyring = try Keyring(
      [1: .file(directory.file("1", "hex:" + Self.digits))], activeKey: 1)
    #expect(keyring.code(key: 2, over: [1, 2, 3]) == nil)
    #expect(keyring.contains(1))
    #expect(!keyring.contains(2))
  }

  @Test("Several keys live side by side, and one of them signs")
  func severalKeys() throws {
    let directory = try KeyDirectory()
    let keyring = try Keyring(
      [
        1: .file(directory.file("1", "hex:" + Self.digits)),
        200: .file(directory.file("2", String(repeating: "k", count: 32))),
      ], activeKey: 200)
    #expect(keyring.keyIdentifiers == [1, 200])
    #expect(keyring.activeKey == 200)
    #expect(keyring.code(key: 1, over: [0]) != keyring.code(key: 200, over: [0]))
  }

  @Test("The key that signs must be among the keys")
  func undefinedActiveKey() throws {
    let directory = try KeyDirectory()
    let file = try directory.file("1", "hex:" + Self.digits)
    #expect(throws: KeyError(key: 3, source: nil, fault: .undefinedActiveKey)) {
      try Keyring([1: .file(file)], activeKey: 3)
    }
    #expect(throws: KeyError(key: 3, source: nil, fault: .undefinedActiveKey)) {
      try Keyring([:], activeKey: 3)
    }
  }

  @Test("Nothing that prints a keyring shows a key")
  func secrecy() throws {
    let directory = try KeyDirectory()
    let key = "do-not-show-this-key-to-anybody-ever"
    let keyring = try Keyring(
      [1: .file(directory.file("1", key)), 2: .file(directory.file("2", key))], activeKey: 2)
    var dumped = ""
    dump(keyring, to: &dumped)
    for text in ["\(keyring)", String(reflecting: keyring), dumped] {
      #expect(!text.contains("do-not-show"))
      #expect(!text.contains("PreparedKey"))
    }
    #expect("\(keyring)" == "keys 1 and 2, 2 signs")
  }

  @Test("Codes are the same only when every byte is")
  func comparison() {
    let code: [UInt8] = [1, 2, 3, 4]
    #expect(isSameCode(code, code))
    #expect(!isSameCode(code, [1, 2, 3, 5]))
    #expect(!isSameCode(code, [0, 2, 3, 4]))
    #expect(!isSameCode(code, [1, 2, 3]))
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
