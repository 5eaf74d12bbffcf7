import Glibc
import Testing

@testable import Authentication

/// The file of a key: its forms, and who may have touched it.
struct KeyFileTests {
  static let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
  static let raw = [UInt8](0...31)

  static let lengths: [(Int, KeyFault?)] = [
    (31, KeyFault.tooShort(31)), (32, nil), (64, nil), (65, .tooLong(65)), (0, .tooShort(0)),
    (256, .tooLong(256)), (257, .tooLong(nil)), (100_000, .tooLong(nil)),
  ]

  static let digitCounts: [(String, KeyFault?)] = [
    ("hex:", KeyFault.tooShort(0)), (repeated("ab", 31), .tooShort(31)),
    (repeated("ab", 64), nil),
    (repeated("ab", 65), .tooLong(65)),
    (repeated("a", 65), .notHexadecimal),
    (repeated("ag", 32), .notHexadecimal),
    (repeated(" ab", 32), .notHexadecimal),
  ]

  static let modes: [(mode_t, KeyFault?)] = [
    (mode_t(0o600), nil), (0o400, nil), (0o700, nil), (0o640, .tooOpen(0o640)),
    (0o604, .tooOpen(0o604)), (0o620, .tooOpen(0o620)), (0o601, .tooOpen(0o601)),
    (0o666, .tooOpen(0o666)),
  ]

  /// The code that the file's key makes over one byte.
  private func code(_ directory: KeyDirectory, _ name: String) throws -> [UInt8] {
    let keyring = try Keyring([1: .file(directory.path + "/" + name)], activeKey: 1)
    return try #require(keyring.code(key: 1, over: [1]))
  }

  private func fault(_ source: KeySource, credentials: String? = nil) -> KeyFault? {
    do throws(KeyError) {
      _ = try Keyring([1: source], activeKey: 1, credentials: credentials)
      return nil
    } catch {
      return error.fault
    }
  }

  @Test("Hexadecimal digits and raw bytes are the same key, with and without a line end")
  func forms() throws {
    let directory = try KeyDirectory()
    _ = try directory.file("digits", "hex:" + Self.digits)
    _ = try directory.file("line", "hex:" + Self.digits + "\n")
    _ = try directory.file("lines", "hex:" + Self.digits.uppercased() + "\r\n\n")
    _ = try directory.file("raw", Self.raw)
    _ = try directory.file("rawline", Self.raw + [0x0a])
    let expected = try code(directory, "raw")
    for name in ["digits", "line", "lines", "rawline"] {
      #expect(try code(directory, name) == expected, "\(name)")
    }
  }

  @Test("A key that ends with ff is a key like any other")
  func lastByte() throws {
    let directory = try KeyDirectory()
    let file = try directory.file("key", "hex:" + String(repeating: "ff", count: 32))
    #expect(fault(.file(file)) == nil)
  }

  @Test("Digits without `hex:` are the text itself")
  func text() throws {
    let directory = try KeyDirectory()
    _ = try directory.file("text", Self.digits)
    _ = try directory.file("digits", "hex:" + Self.digits)
    #expect(try code(directory, "text") != code(directory, "digits"))
  }

  @Test(
    "A key has 32 to 64 bytes",
    arguments: Self.lengths)
  func length(count: Int, expected: KeyFault?) throws {
    let directory = try KeyDirectory()
    let file = try directory.file("key", [UInt8](repeating: 0x55, count: count))
    #expect(fault(.file(file)) == expected)
  }

  @Test(
    "Hexadecimal digits make 32 to 64 bytes",
    arguments: Self.digitCounts)
  func digitCount(text: String, expected: KeyFault?) throws {
    let directory = try KeyDirectory()
    #expect(try fault(.file(directory.file("key", text))) == expected)
  }

  @Test(
    "A file that group or others may touch is refused",
    arguments: Self.modes)
  func mode(mode: mode_t, expected: KeyFault?) throws {
    let directory = try KeyDirectory()
    #expect(try fault(.file(directory.file("key", Self.raw, mode: mode))) == expected)
  }

  @Test(
    "A file of another user is refused",
    .enabled(if: geteuid() == 0, "needs root, to give a file away"))
  func owner() throws {
    let directory = try KeyDirectory()
    let file = try directory.file("key", Self.raw)
    try #require(chown(file, 12345, 0) == 0)
    #expect(fault(.file(file)) == .foreignOwner(12345))
  }

  @Test("Only a regular file is read, and no link to one")
  func kind() throws {
    let directory = try KeyDirectory()
    let file = try directory.file("key", Self.raw)
    #expect(try fault(.file(directory.link("link", to: file))) == .symbolicLink)
    #expect(fault(.file(directory.path)) == .notAFile)
    #expect(fault(.file("/dev/zero")) == .notAFile)
    #expect(fault(.file(directory.path + "/none")) == .missing)
    #expect(fault(.file(file + "/none")) == .missing)
  }

  @Test("A credential is a file of the service manager's directory")
  func credentials() throws {
    let directory = try KeyDirectory()
    _ = try directory.file("godwit-key", Self.raw, mode: 0o440)
    #expect(fault(.credential("godwit-key"), credentials: directory.path) == nil)
    #expect(fault(.credential("other"), credentials: directory.path) == .noSuchCredential)
    #expect(fault(.credential("godwit-key")) == .noCredentials)
    for name in ["", ".", "..", "../godwit-key", "/etc/passwd"] {
      #expect(
        fault(.credential(name), credentials: directory.path) == .noSuchCredential, "\(name)")
    }
  }

  @Test("A refusal names the key, its file and the remedy")
  func remedy() throws {
    let directory = try KeyDirectory()
    let file = try directory.file("key", Self.raw, mode: 0o644)
    #expect(
      KeyError(key: 9, source: .file(file), fault: .tooOpen(0o644)).description
        == "key 9 (\(file)): its mode is 0644, so other users may read or change it; "
        + "do `chmod 0600 \(file)`, and make a new key if any of them may have read it")
    #expect(
      KeyError(key: 2, source: .file("/k"), fault: .missing).description
        == "key 2 (/k): there is no such file; copy the key from another node with `scp -p`, "
        + "or make the first one with `godwit keygen /k`")
  }
}

private func repeated(_ pattern: String, _ count: Int) -> String {
  "hex:" + String(repeating: pattern, count: count)
}
