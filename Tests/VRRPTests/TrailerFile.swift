import CCrypto
import Foundation
import VRRP

/// Packets/hmac.json; see Packets/README.md for the fields.
struct TrailerFile: Decodable, Sendable {
  let vectors: [TrailerVector]
  let mutations: Mutations
  let contextChanges: [ContextChange]
  let modes: [Mode]
  let fraction: [Fraction]
  let defaultWindow: [DefaultWindow]
  let senderSequence: [SenderSequence]
  let receiverSequence: [ReceiverSequence]

  static func read() throws -> TrailerFile { try packetFile("hmac", as: TrailerFile.self) }

  struct Mutations: Decodable, Sendable { let cases: [Mutation] }

  struct Mutation: Decodable, Sendable, CustomStringConvertible {
    let vector: String
    let field: String
    let offset: Int
    let xor: String
    let expect: String
    var description: String { "\(vector) \(field)" }
  }

  struct ContextChange: Decodable, Sendable, CustomStringConvertible {
    let vector: String
    let change: String
    let expect: String
    var description: String { "\(vector) \(change)" }
  }

  struct Mode: Decodable, Sendable, CustomStringConvertible {
    let mode: String
    let sendsTrailer: Bool
    let noTrailer: String
    let validTrailer: String
    let badTrailer: String
    var description: String { mode }
  }

  struct Fraction: Decodable, Sendable {
    let nanoseconds: Int32
    let fraction: UInt64
  }

  struct DefaultWindow: Decodable, Sendable {
    let intervalCentiseconds: UInt16?
    let intervalSeconds: UInt8?
    let window: Int32
  }

  struct SenderSequence: Decodable, Sendable, CustomStringConvertible {
    let `case`: String
    let mode: String
    let window: Int32
    let lastSent: String?
    let clockSeconds: Int64
    let clockNanoseconds: Int32
    let next: String
    var description: String { `case` }
  }

  struct ReceiverSequence: Decodable, Sendable, CustomStringConvertible {
    let `case`: String
    let mode: String
    let window: Int32
    let clockSeconds: Int64
    let mark: String?
    let sequence: String
    let expect: String
    let markAfter: String?
    var description: String { `case` }
  }
}

struct TrailerVector: Decodable, Sendable, CustomStringConvertible {
  let id: String
  let version: UInt8
  let vrid: UInt8
  let priority: UInt8
  let source: String
  let destination: String?
  let addresses: [String]
  let key: String
  let keyId: UInt8
  let sequence: Sequence
  let checksumForm: String
  let image: String
  let message: String
  let hmacInput: String
  let hmacSha256: String

  struct Sequence: Decodable, Sendable { let value: String }

  var description: String { id }

  func envelope() throws -> Envelope {
    let source = try address(source)
    let destination = try destination.map(address)
    return Envelope(
      source: source, destination: destination ?? source.family.advertisementGroup, hopLimit: 255)
  }

  func settings() throws -> VirtualRouterSettings {
    VirtualRouterSettings(
      identifier: try identifier(vrid), version: version == 2 ? .version2 : .version3,
      addresses: try addresses.map(address), priority: Priority(priority),
      checksumForm: checksumForm == "pseudo-header" ? .pseudoHeader : .message)
  }

  func keyBytes() throws -> [UInt8] { try octets(String(key.dropFirst(4))) }
}

/// A number written as `0x...`.
func sequence(_ text: String) throws -> SequenceNumber {
  guard let number = UInt64(text.dropFirst(2), radix: 16) else { throw BadTestData(text: text) }
  return SequenceNumber(number)
}

/// HMAC-SHA-256 with keys by their ids; counts what it was asked for.
final class TestKeys {
  var keys: [UInt8: [UInt8]]
  private(set) var codes = 0
  /// What the last code was made over.
  private(set) var covered: [UInt8] = []

  init(_ keys: [UInt8: [UInt8]]) { self.keys = keys }

  func code(_ identifier: UInt8, _ message: Span<UInt8>) -> [UInt8]? {
    guard let key = keys[identifier] else { return nil }
    codes += 1
    covered = message.withUnsafeBufferPointer { Array($0) }
    var code = [UInt8](repeating: 0, count: 32)
    var length = 0
    let made = EVP_Q_mac(
      nil, "HMAC", nil, "SHA256", nil, key, key.count, covered, covered.count, &code, code.count,
      &length)
    return made == nil ? nil : code
  }
}
